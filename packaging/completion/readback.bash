# bash completion for readback(1). Ids, targets and sinks are asked of the daemon, when there is one.

_readback_ask() { # ids, targets or sinks, from the JSON answer of a command
  local field
  case $1 in
    ids) field='"id":"[^"]*"' ;;
    targets) field='"name":"[^"]*","base_url"' ;;
    sinks) field='"name":"[^"]*","type"' ;;
  esac
  shift
  # Of an id its last 8 characters are enough; a name is as it is.
  command readback "${_readback_socket[@]}" --json "$@" 2>/dev/null | grep -o "$field" | cut -d'"' -f4 |
    sed -E 's/^[0-9a-f-]{28}([0-9a-f]{8})$/\1/' | sort -u
}

_readback_incidents() { # the last word of each row but the first
  command readback "${_readback_socket[@]}" incidents "$@" 2>/dev/null | awk 'NR > 1 { print $NF }'
}

_readback() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local -a _readback_socket=()
  local command='' sub='' skip='' word i words=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [ -n "$skip" ]; then
      [ "$skip" = --socket ] && _readback_socket=(--socket "$word")
      skip=
      continue
    fi
    case $word in
      --socket | --host | --target | --extent | --exposed-by | --runbook | --note | --for | --reason | --boundary | --since | --step | --month | --limit | --wait | --config | \
        --config-out | --header | --timeout-ms | --output | --sha256 | --key | -o) skip=$word ;;
      -*) ;;
      *) if [ -z "$command" ]; then command=$word; elif [ -z "$sub" ]; then sub=$word; fi ;;
    esac
  done

  case $previous in
    --socket | --config | --config-out | --output | --key | -o)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      compopt -o filenames 2>/dev/null
      return ;;
    --target) words=$(_readback_ask targets status) ;;
    --extent) words='total degraded stale intermittent' ;;
    --exposed-by) words='user: agent: automation:' ;;
    --boundary) words='observer outage security drift readiness product' ;;
    --for) words='30m 1h 2h 8h' ;;
    --since) words='1h 24h 7d' ;;
    --wait) words='1m 5m 15m' ;;
    --step) words='hour day' ;;
    --host | --month | --limit | --runbook | --note | --reason | --header | --timeout-ms | --sha256) return ;;
  esac
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    return
  fi

  case "$command $sub" in
    ' ') words='status fleet probe incidents incident history uptime snapshot report symptom ack verify resolve silence sweep watch export replay
      test-alert --version' ;;
    'status '* | 'sweep '*) words='--target' ;;
    'probe '*) words='--config-out --force --discover --header --timeout-ms http:// https:// unix:///' ;;
    'incidents '*) words='--all --since --target --limit' ;;
    'history '*) words='--target --since --step' ;;
    'uptime '*) words='--month --target' ;;
    'snapshot ') words='list pull capture verify key diff' ;;
    'snapshot list') words='--fleet' ;;
    'snapshot pull') words="-o --output --host --public-safe latest $(_readback_ask ids snapshot list)" ;;
    'snapshot capture') words='--reason --target' ;;
    'snapshot key') words='--pem' ;;
    'snapshot verify' | 'snapshot diff' | 'replay '*)
      [ "$command" = replay ] && words='--config --verdicts --strict'
      [ "$command $sub" = 'snapshot verify' ] && words='--sha256 --key'
      if [ "${current#-}" = "$current" ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
        return
      fi ;;
    'report '*) words="-o --output latest $(_readback_incidents --all)" ;;
    'incident ') words="latest $(_readback_incidents --all)" ;;
    'ack ') words="latest $(_readback_incidents)" ;;
    'verify ') words="--wait latest $(_readback_incidents --all)" ;;
    'verify '*) words='--wait' ;;
    'resolve ') words="--runbook --note latest $(_readback_incidents --all)" ;;
    'resolve '*) words='--runbook --note' ;;
    'symptom '*) words='--target --extent --exposed-by' ;;
    'silence ') words='add list expire' ;;
    'silence add') words='--for --from --until-resolved --reason --target --boundary' ;;
    'silence expire') words=$(_readback_ask ids silence list) ;;
    'export '*) words='--since' ;;
    'test-alert ') words=$(_readback_ask sinks status) ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words --help --json --socket" -- "$current")
}
complete -F _readback readback
