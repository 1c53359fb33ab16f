# A Docker engine for bash scripts: `source` this, then
#
#   docker_engine_start DIRECTORY   uses the engine that answers already, else starts one with its files in DIRECTORY
#   docker_engine_stop DIRECTORY    stops the engine that was started there, and no other
#
# After the start DOCKER_HOST is exported when the engine is ours. Images stay in DIRECTORY between runs. The engine
# outlives the script, so that `make stack-up` and `make stack-down` can be two commands.

docker_engine_start() {
  local directory=$1
  if docker info >/dev/null 2>&1; then return; fi
  export DOCKER_HOST=unix://$directory/docker.sock
  if docker info >/dev/null 2>&1; then return; fi
  [ "$(id -u)" -eq 0 ] || { echo "no Docker engine answers, and only root can start one" >&2; return 1; }

  mkdir -p "$directory"
  rm -f "$directory/docker.sock" "$directory/docker.pid"
  # It starts a containerd of its own, which ends with it.
  setsid dockerd --host="$DOCKER_HOST" --data-root="$directory/data" --exec-root="$directory/exec" \
    --pidfile="$directory/docker.pid" </dev/null >"$directory/log" 2>&1 &
  local pid=$!
  for _ in {1..300}; do
    if docker info >/dev/null 2>&1; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$directory/log" >&2
  echo "the Docker engine did not start; its log is $directory/log" >&2
  docker_engine_stop "$directory"
  return 1
}

docker_engine_stop() {
  local directory=$1 pid
  [ -e "$directory/docker.pid" ] || return 0
  pid=$(cat "$directory/docker.pid")
  # A pid that another process has by now is left alone.
  if ! tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qx -- "--pidfile=$directory/docker.pid"; then return 0; fi
  kill "$pid"
  for _ in {1..300}; do
    [ -e "/proc/$pid" ] || return 0
    sleep 0.2
  done
  echo "the Docker engine $pid does not stop" >&2
  return 1
}
