# The application of scripts/demo, in the current directory: `source` this after scratch-postgres.sh, then
#
#   demo_shop_make    makes database `shop`, last-month.sql and backup.sql, the service, policies/environment.yaml
#
# The service is a web server whose /health asks the database whether there are paid orders; ./shop drives it.

demo_shop_make() {
  demo_shop_database
  demo_shop_service
  demo_shop_policy
}

demo_shop_database() {
  psql -XAtq --dbname="$SCRATCH_POSTGRES_URL/postgres" --command='CREATE DATABASE shop'
  psql -XAtq --set=ON_ERROR_STOP=1 --dbname="$SCRATCH_POSTGRES_URL/shop" <<'SQL'
CREATE TABLE customers (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer integer NOT NULL REFERENCES customers,
  amount numeric(10,2) NOT NULL, note text NOT NULL);
INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 10000) n;
INSERT INTO orders SELECT n, 1 + n % 10000, n % 500, 'from last month' FROM generate_series(1, 5000) n;
SQL
  pg_dump --dbname="$SCRATCH_POSTGRES_URL/shop" >last-month.sql
  psql -XAtq --set=ON_ERROR_STOP=1 --dbname="$SCRATCH_POSTGRES_URL/shop" <<'SQL'
ALTER TABLE orders ADD paid boolean NOT NULL DEFAULT true;
INSERT INTO orders SELECT n, 1 + n % 10000, n % 500, repeat(md5(n::text), 20), n % 9 > 0
  FROM generate_series(5001, 75000) n;
CREATE INDEX ON orders (customer);
SQL
  pg_dump --dbname="$SCRATCH_POSTGRES_URL/shop" >backup.sql
}

demo_shop_service() {
  demo_shop_port=$(scratch_postgres_free_port)
  # It ends with its directory, should nobody stop it.
  cat >shop.py <<PYTHON
import http.server, os, subprocess

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = subprocess.run(["$(command -v psql)", "-XAtqc", "SELECT count(*) > 0 FROM orders WHERE paid",
            "postgres:///shop?host=$SCRATCH_POSTGRES&port=$SCRATCH_POSTGRES_PORT&user=postgres"], capture_output=True)
        self.send_response(200 if answer.stdout == b"t\n" else 500)
        self.end_headers()

    def log_message(self, *_): pass

server = http.server.HTTPServer(("127.0.0.1", $demo_shop_port), Shop)
server.timeout = 1
open("shop.ready", "w").close()
while os.path.exists("shop.py"): server.handle_request()
PYTHON
  cat >shop <<SERVICE
#!/bin/sh
cd "$PWD" || exit 1
# A process that nobody has waited for yet runs no more.
runs() { grep -qs '^State:.[^ZX]' "/proc/\$(cat shop.pid)/status"; }
[ -e shop.pid ] || echo 0 >shop.pid
case \$1 in
  start)
    rm -f shop.ready
    setsid python3 -B shop.py </dev/null >/dev/null 2>&1 & echo \$! >shop.pid
    while runs && [ ! -e shop.ready ]; do sleep 0.02; done ;;
  stop) while runs; do kill "\$(cat shop.pid)"; sleep 0.02; done ;;
  status) runs || exit 3 ;;
  health) python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$demo_shop_port/health')" 2>/dev/null ;;
esac
SERVICE
  chmod +x shop
}

demo_shop_policy() {
  mkdir policies
  cat >policies/environment.yaml <<POLICY
version: 1
environment: development
databases:
  shop:
    url: $SCRATCH_POSTGRES_URL/shop
    services: [shop]
    health: [shop]
    assertions: [{name: there are customers, sql: SELECT count(*) > 0 FROM customers}]
services:
  shop: {command: {start: ./shop start, stop: ./shop stop, status: ./shop status}}
health:
  shop: {http: {url: "http://127.0.0.1:$demo_shop_port/health"}, every: 200ms, within: 4s, passes: 3}
POLICY
}
