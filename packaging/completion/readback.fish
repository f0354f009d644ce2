# fish completion for readback(1). Ids, targets and sinks are asked of the daemon, when there is one.

function __readback_ask # what, command: ids, targets or sinks, from the JSON answer of a command
    switch $argv[1]
        case ids
            set -f field '"id":"[^"]*"'
        case targets
            set -f field '"name":"[^"]*","base_url"'
        case sinks
            set -f field '"name":"[^"]*","type"'
    end
    # Of an id its last 8 characters are enough; a name is as it is.
    command readback --json $argv[2..] 2>/dev/null | string match -ar $field | string split -f 4 '"' |
        string replace -r '^[0-9a-f-]{28}([0-9a-f]{8})$' '$1' | sort -u
end

function __readback_incidents # options of the list, whose rows end in ids; the first row is none
    command readback incidents $argv 2>/dev/null | tail -n +2 | string replace -r '^(.*\S)\s+(\S+)$' '$2\t$1'
end

function __readback_at # the command so far is exactly these words
    set -f words
    set -f skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --socket --host --target --extent --exposed-by --runbook --note --for --from --reason --boundary --since --step --month --limit --wait --config --config-out \
                --header --timeout-ms --output -o
                set skip yes
            case '-*'
            case '*'
                set -a words $word
        end
    end
    test "$words" = "$argv"
end

function __readback_in # the command begins with these words
    set -f words (commandline -opc | string match -v -- '-*')[2..]
    test "$words[1..$(count $argv)]" = "$argv"
end

complete -c readback -f
complete -c readback -l help -s h -d 'summary of the options'
complete -c readback -l version -n __readback_at -d 'the version'
complete -c readback -l json -d 'print JSON'
complete -c readback -l socket -r -F -d "the daemon's control socket"

complete -c readback -n __readback_at -a status -d 'the verdict of each target'
complete -c readback -n __readback_at -a fleet -d 'the other hosts that watch'
complete -c readback -n __readback_at -a probe -d 'read a platform once, without a daemon'
complete -c readback -n __readback_at -a incidents -d 'open incidents'
complete -c readback -n __readback_at -a incident -d 'one incident'
complete -c readback -n __readback_at -a history -d 'uptime and latency by hour or day'
complete -c readback -n __readback_at -a uptime -d 'how a month was'
complete -c readback -n __readback_at -a snapshot -d evidence
complete -c readback -n __readback_at -a report -d 'one HTML page'
complete -c readback -n __readback_at -a symptom -d 'record what people see'
complete -c readback -n __readback_at -a ack -d 'say that you are on it'
complete -c readback -n __readback_at -a verify -d 'show the six conditions'
complete -c readback -n __readback_at -a resolve -d 'attest which runbook was used'
complete -c readback -n __readback_at -a silence -d 'hold back new pages'
complete -c readback -n __readback_at -a sweep -d 'sweep now'
complete -c readback -n __readback_at -a watch -d 'sweeps and events as they come'
complete -c readback -n __readback_at -a export -d 'recorded reads as JSON lines'
complete -c readback -n __readback_at -a replay -d 'the diagnosis over recorded reads'
complete -c readback -n __readback_at -a test-alert -d 'a marked test event'

complete -c readback -n '__readback_at snapshot' -a 'list pull capture verify key diff'
complete -c readback -n '__readback_at silence' -a 'add list expire'

complete -c readback -n '__readback_in status; or __readback_in sweep; or __readback_in symptom; or __readback_in snapshot capture; or __readback_in silence add; or __readback_in incidents; or __readback_in history; or __readback_in uptime' \
    -l target -x -a '(__readback_ask targets status)' -d 'only this target'
complete -c readback -n '__readback_in incidents' -l all -d 'resolved ones too'
complete -c readback -n '__readback_in incidents' -l since -x -a '24h 7d 30d'
complete -c readback -n '__readback_in incidents' -l limit -x -d 'at most so many that are over'
complete -c readback -n '__readback_in verify' -l wait -x -a '1m 5m 15m' -d 'until they hold'
complete -c readback -n '__readback_in probe' -l config-out -r -F -d 'write a configuration to start from'
complete -c readback -n '__readback_in probe' -l force -d 'replace a file that is there'
complete -c readback -n '__readback_in probe' -l discover -d 'also try where health is usually found'
complete -c readback -n '__readback_in probe' -l header -x -d 'to send to the platform'
complete -c readback -n '__readback_in probe' -l timeout-ms -x -d 'for each read'
complete -c readback -n '__readback_in snapshot pull; or __readback_in report' -l output -s o -r -F -d 'the file, - for stdout'
complete -c readback -n '__readback_in snapshot list' -l fleet -d 'of all hosts of the fleet'
complete -c readback -n '__readback_in snapshot pull' -l host -x -d 'only of this host of the fleet'
complete -c readback -n '__readback_in snapshot pull' -l public-safe -d 'verdicts, codes, times and digests only'
complete -c readback -n '__readback_in snapshot verify' -l sha256 -x -d 'as the page names it'
complete -c readback -n '__readback_in snapshot verify' -l key -r -F -d 'a public key, or a file with it'
complete -c readback -n '__readback_in snapshot key' -l pem -d 'as a PEM file'
complete -c readback -n '__readback_in snapshot capture; or __readback_in silence add' -l reason -x -d why
complete -c readback -n '__readback_in symptom' -l extent -x -a 'total degraded stale intermittent'
complete -c readback -n '__readback_in symptom' -l exposed-by -x -a 'user: agent: automation:'
complete -c readback -n '__readback_in resolve' -l runbook -x -d 'its title or address'
complete -c readback -n '__readback_in resolve' -l note -x
complete -c readback -n '__readback_in silence add' -l for -x -a '30m 1h 2h 8h'
complete -c readback -n '__readback_in silence add' -l from -x -a '1h 8h' -d 'when it begins'
complete -c readback -n '__readback_in silence add' -l until-resolved -d 'ends with what is open there'
complete -c readback -n '__readback_in silence add' -l boundary -x -a 'observer outage security drift readiness product'
complete -c readback -n '__readback_in export' -l since -x -a '1h 24h 7d'
complete -c readback -n '__readback_in history' -l since -x -a '24h 7d 30d 400d'
complete -c readback -n '__readback_in history' -l step -x -a 'hour day'
complete -c readback -n '__readback_in uptime' -l month -x -d 'such as 2026-11'
complete -c readback -n '__readback_in replay' -l config -r -F -d 'this configuration instead of the defaults'
complete -c readback -n '__readback_in replay' -l verdicts -d 'a line a sweep as well'
complete -c readback -n '__readback_in replay' -l strict -d 'stop at the first bad line'

complete -c readback -n '__readback_at incident; or __readback_at verify; or __readback_at resolve; or __readback_at report' \
    -a 'latest (__readback_incidents --all)'
complete -c readback -n '__readback_at ack' -a 'latest (__readback_incidents)'
complete -c readback -n '__readback_at snapshot pull' -a 'latest (__readback_ask ids snapshot list)'
complete -c readback -n '__readback_at silence expire' -a '(__readback_ask ids silence list)'
complete -c readback -n '__readback_at test-alert' -a '(__readback_ask sinks status)'
complete -c readback -n '__readback_in snapshot verify; or __readback_in snapshot diff; or __readback_in replay; or __readback_in report' -F
