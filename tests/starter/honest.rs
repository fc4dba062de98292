//! What honest people and programs ask of a web server.

use super::assert_all;
use super::visit::{MISSING, POST, VISIT, Visit};

#[tokio::test]
async fn honest_searches_pass() {
    assert_all(
        [
            Visit::typed("prose", "cats and dogs like bones"),
            Visit::typed("prose with an apostrophe", "O'Brien or O'Neill; rock 'n' roll"),
            Visit::typed("prose with a dash and a number", "it's #1 -- o'brien--smith"),
            Visit::typed(
                "prose with union and select",
                "trade union select 5 committee members, from 1 to 9",
            ),
            Visit::typed(
                "SQL",
                "SELECT name FROM users WHERE a = 1 AND b = 2 UNION SELECT 1, 2; DROP TABLE x",
            ),
            Visit::typed("SQL about sleeping", "how does select sleep(5) and benchmark(1,2) work"),
            Visit::typed(
                "a shell",
                "what is the difference of $(id) and `id`; curl https://example.org/a.sh | sh",
            ),
            Visit::typed("code", "function main() { return a && b || c; }"),
            Visit::typed("Python", "time.sleep(10) in a thread and join()"),
            Visit::typed("JavaScript", "alert('hello') and document.cookie onload= javascript:"),
            Visit::typed("tags", "<script> and <img src=x> and <svg> in HTML"),
            Visit::typed("a tutorial", "<button onclick=\"alert('hi')\">press</button> does nothing"),
            Visit::typed("templates", "{{ name }} and ${HOME} and ${{ github.ref }} and {{ 3 * 4 }}"),
            Visit::typed("Log4Shell", "what is ${jndi: in log4j"),
            Visit::typed("the password file", "what is /etc/passwd and why is /etc/shadow secret"),
            Visit::typed("a Windows file", "where is win.ini"),
            Visit::typed("PHP streams", "php://input is empty"),
            Visit::typed("a build error", "Module not found: can't resolve '../../../../components/x'"),
            Visit::typed("dots", "wait.... what ../ means"),
            VISIT.of(
                "a lesson about the password file",
                &["/search?q=/etc/passwd", "/search?q=/etc/shadow", "/wiki//etc/passwd"],
            ),
            VISIT.of(
                "tautologies in prose",
                &["/s?q=you+and+me+%3D+love", "/s?q=this+or+that+%3D+x", "/s?q=1+and+1+%3D+2"],
            ),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_queries_pass() {
    assert_all(
        [
            VISIT.many("Jira", 9, |n| {
                format!("/rest/api/2/search?jql=project+%3D+ABC+AND+status+%3D+Done&n={n}")
            }),
            VISIT.many("Jira with quotes", 9, |n| {
                format!("/rest/api/2/search?jql=%22Epic+Link%22%3D%22ABC-{n}%22+AND+%22Team%22%3D%22Web%22")
            }),
            VISIT.many("PromQL", 9, |n| format!("/api/v1/query?query=up+and+on(job)+node_load1+%3E+{n}")),
            VISIT.many("Grafana", 9, |n| {
                format!("/explore?left=%7B%22queries%22:[%7B%22expr%22:%22a%20and%20b%20%3E%20{n}%22%7D]%7D")
            }),
            VISIT.many("OData", 9, |n| {
                format!("/odata/Products?$filter=Price+gt+{n}+and+Name+eq+'x'+or+startswith(Name,'a')")
            }),
            VISIT.many("GraphQL", 9, |n| {
                format!("/graphql?query=%7Buser(id:%22{n}%22)%7Bname,posts(first:5)%7Bid%7D%7D%7D")
            }),
            VISIT.many("Kibana", 9, |n| format!("/s?q=status:50{n}+AND+host:web+OR+(a:1+AND+b:%22x%22)")),
            VISIT.many("fields of an API", 9, |n| {
                format!("/w/api.php?prop=info|id&rvprop=timestamp|user|ids&titles=A{n}|B")
            }),
            VISIT.many("a database console", 9, |n| {
                format!(
                    "/sql.php?db=x&sql_query=SELECT+*+FROM+t+WHERE+a%3D1+OR+b%3D%60id%60+ORDER+BY+1&pos={n}"
                )
            }),
            VISIT.of(
                "a database console sorts",
                &["/t?order=%60id%60", "/t?fields=name|id", "/t?order=%60name%60"],
            ),
            VISIT.of(
                "a console edits files",
                &[
                    "/edit.cgi?file=/etc/hosts",
                    "/?folder=/etc/nginx",
                    "/?uri=file:///home/ann/x.ts",
                    "/?file=./etc/app.ini",
                ],
            ),
            MISSING.many("a client that looks for records", 60, |n| {
                format!("/api/items/{n:08x}-0000-4000-8000-000000000000")
            }),
            MISSING.of(
                "a crawler of careless links",
                &[r"/..\\images\\a.gif", "/..%5Cimages%5Cb.gif", "/a/../b"],
            ),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_applications_pass() {
    assert_all(
        [
            VISIT.of(
                "WordPress at work",
                &[
                    "/wp-admin/load-scripts.php?c=1&load%5Bchunk_0%5D=jquery-core,jquery-migrate,utils",
                    "/wp-admin/customize.php?return=%2Fwp-admin%2Fthemes.php",
                    "/wp-admin/admin-ajax.php?action=heartbeat",
                    "/wp-login.php?redirect_to=https%3A%2F%2Fexample.org%2Fwp-admin%2F&reauth=1",
                ],
            ),
            VISIT.of(
                "a relative link to return to",
                &["/login?next=../../dashboard", "/login?next=%2E%2E%2F%2E%2E%2Fdash"],
            ),
            VISIT.of(
                "GitLab",
                &[
                    "/api/v4/projects/group%2Fproject/repository/files/..%2FREADME/raw?ref=main",
                    "/g/p/-/compare/main...feature%2Fx",
                ],
            ),
            VISIT.of(
                "a repository of dotfiles",
                &[
                    "/u/dots/src/.env",
                    "/u/dots/src/.ssh/config",
                    "/u/dots/src/.htaccess",
                    "/u/dots/blob/etc/passwd",
                ],
            ),
            VISIT.of("Chinese in its old encoding", &["/s?kw=%c0%ae", "/s?kw=%C0%AE%B0%C9", "/%c0%ae.html"]),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_refusals_pass() {
    assert_all(
        [
            Visit { agent: "git/2.47.3", ..MISSING }.of(
                "git over plain HTTP",
                &["/p/.git/info/refs", "/p/.git/HEAD", "/p/.git/config", "/p/.git/objects/info/packs"],
            ),
            Visit { status: 401, gap: 2, ..VISIT }
                .many("polling without a login", 400, |_| "/api/me".to_owned()),
            Visit { status: 401, ..VISIT }
                .many("WebDAV asks without a login first", 60, |n| format!("/dav/{n}.txt")),
            Visit { gap: 20, ..MISSING }.many("a monitor of a missing page", 90, |_| "/healthz".to_owned()),
            Visit { gap: 0, ..MISSING }.many("25 missing links", 25, |n| format!("/old/{n}")),
            Visit { gap: 0, ..MISSING }
                .many("a page with many missing pictures", 80, |n| format!("/img/{n}.png")),
            MISSING.many("missing map tiles", 400, |n| format!("/tiles/12/{n}/7.pbf")),
            Visit { method: "HEAD", agent: "docker/24.0.7 go/go1.20", ..MISSING }.many(
                "docker push",
                60,
                |n| format!("/v2/app/blobs/sha256:{n:064}"),
            ),
            MISSING.many("a build cache", 400, |n| format!("/cas/{n:064x}")),
            MISSING.many("Maven", 200, |n| format!("/repository/internal/org/a/{n}/a-{n}.pom")),
            Visit { method: "HEAD", ..MISSING }
                .many("a backup to an object store", 200, |n| format!("/bucket/dir/{n}.bin")),
            Visit { status: 302, ..POST }.many("a classroom logs in", 30, |_| "/wp-login.php".to_owned()),
            Visit { gap: 10, ..POST }
                .many("a service that looks after a site", 60, |_| "/xmlrpc.php".to_owned()),
        ],
        false,
    )
    .await;
}

#[tokio::test]
async fn honest_agents_pass() {
    assert_all(
        [
            Visit::agent("Ory hydra", "ory-hydra/2.2"),
            Visit::agent("a name that holds another", "my-nikto-report/1.0"),
            Visit::agent("a template that was not filled in", "App/${version} (${os.name})"),
            Visit::agent("a function in the middle", "App/1.0 (function() { })"),
            Visit { referrer: "https://example.org/?q=function()+{", ..VISIT }
                .of("a referrer with code", &["/"]),
        ],
        false,
    )
    .await;
}
