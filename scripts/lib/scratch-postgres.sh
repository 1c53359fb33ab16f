# A throw-away PostgreSQL cluster for bash scripts: `source` this, then
#
#   scratch_postgres_start [SETTING=VALUE ...]   makes and starts one; lines for postgresql.conf
#   scratch_postgres_kill                        kills the whole server with SIGKILL, as a power cut would
#   scratch_postgres_restart                     starts it again, after a kill or not
#   scratch_postgres_stop                        stops it and removes its files
#
# One cluster a script; it goes when the script ends, also by Ctrl-C or TERM: the exit trap is ours from then on, so
# a script with a clean-up of its own calls scratch_postgres_stop there, and sets its trap after the start.
#
# After the start:
#   SCRATCH_POSTGRES        its directory: data, log, the unix socket
#   SCRATCH_POSTGRES_PORT   its port on 127.0.0.1, and in the socket's name
#   SCRATCH_POSTGRES_URL    postgres://postgres@127.0.0.1:PORT, to which scripts append /DATABASE
#   PGPASSFILE              exported: holds the superuser's password, so that no URL and no argument has to
#   PATH                    begins with the server's own programs
#
# Run by root, the server runs as user `postgres`, or `nobody` where there is none, since it refuses to be root's.
# Nobody else gets in: TCP asks for a password that was made up, and the directory is closed to others.

scratch_postgres_start() {
  local programs
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [ -x "$programs/initdb" ] || { echo "no PostgreSQL server here; hint: scripts/bootstrap" >&2; return 1; }
  PATH=$programs:$PATH
  SCRATCH_POSTGRES=$(mktemp -d /tmp/recover-scratch.XXXXXX)
  trap scratch_postgres_stop EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  local password
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  install -m 600 /dev/null "$SCRATCH_POSTGRES/passfile"
  echo "127.0.0.1:*:*:postgres:$password" >"$SCRATCH_POSTGRES/passfile"
  export PGPASSFILE=$SCRATCH_POSTGRES/passfile
  if [ "$(id -u)" -eq 0 ]; then chown "$(scratch_postgres_user)" "$SCRATCH_POSTGRES"; fi

  echo "$password" | scratch_postgres_as_server tee "$SCRATCH_POSTGRES/password" >/dev/null
  scratch_postgres_as_server initdb --no-sync --pgdata="$SCRATCH_POSTGRES/data" --username=postgres \
    --auth-local=trust --auth-host=scram-sha-256 --pwfile="$SCRATCH_POSTGRES/password" \
    --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  printf '%s\n' "listen_addresses = '127.0.0.1'" "unix_socket_directories = '$SCRATCH_POSTGRES'" "$@" \
    | scratch_postgres_as_server tee "$SCRATCH_POSTGRES/data/postgresql.auto.conf" >/dev/null
  scratch_postgres_restart
}

# Another port is tried when somebody took the free one first.
scratch_postgres_restart() {
  local attempt
  for attempt in 1 2 3; do
    SCRATCH_POSTGRES_PORT=${SCRATCH_POSTGRES_PORT:-$(scratch_postgres_free_port)}
    SCRATCH_POSTGRES_URL=postgres://postgres@127.0.0.1:$SCRATCH_POSTGRES_PORT
    if scratch_postgres_as_server pg_ctl restart --silent --wait --pgdata="$SCRATCH_POSTGRES/data" --mode=fast \
      --log="$SCRATCH_POSTGRES/log" --options="-p $SCRATCH_POSTGRES_PORT" </dev/null >/dev/null 2>&1; then
      return
    fi
    grep -q 'could not bind' "$SCRATCH_POSTGRES/log" || break
    SCRATCH_POSTGRES_PORT=
  done
  tail -n 20 "$SCRATCH_POSTGRES/log" >&2
  echo "the scratch PostgreSQL did not start" >&2
  return 1
}

scratch_postgres_kill() {
  local leader
  leader=$(head -n 1 "$SCRATCH_POSTGRES/data/postmaster.pid")
  # With its children, in one call: none of them gets to notice, and to clean up.
  kill -KILL "$leader" $(cat "/proc/$leader/task/$leader/children")
  while kill -0 "$leader" 2>/dev/null; do sleep 0.05; done
}

scratch_postgres_stop() {
  [ -n "${SCRATCH_POSTGRES-}" ] || return 0
  if [ -e "$SCRATCH_POSTGRES/data/postmaster.pid" ]; then
    scratch_postgres_as_server pg_ctl stop --silent --wait --pgdata="$SCRATCH_POSTGRES/data" --mode=immediate \
      </dev/null >/dev/null 2>&1 || true
  fi
  rm -rf "$SCRATCH_POSTGRES"
  SCRATCH_POSTGRES=
}

# Runs a command as the user that the server belongs to.
scratch_postgres_as_server() {
  if [ "$(id -u)" -eq 0 ]; then
    local user
    user=$(scratch_postgres_user)
    (cd / && exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@")
  else
    "$@"
  fi
}

scratch_postgres_user() {
  if id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

scratch_postgres_free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
