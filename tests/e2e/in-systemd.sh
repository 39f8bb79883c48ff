#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs as a service below the systemd that tests/e2e/timers has booted: starts the job's timer and looks at what comes
# of it. Each line of /trial/systemd.results is a status and a name.
set -u
prom=/var/lib/prometheus/node-exporter/trial.prom
say() { echo "$1 $2" >> /trial/systemd.results; }
runs() { sed -n 's/^corescope_cpudist_oncpu_runs_total{.*result="success".*} //p' "$prom" 2>/dev/null; }
until_true() {
	local end=$((SECONDS + 60))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}
three_runs() { [ "$(runs)" -ge 3 ] 2>/dev/null; }
idle() { [ "$(systemctl is-active corescope@trial.service)" = inactive ]; }

systemd-analyze verify --man=no corescope@trial.service corescope@trial.timer > /trial/verify 2>&1
say $? "the units are well formed"
systemctl start corescope@trial.timer
say $? "the timer starts"
until_true three_runs
say $? "the timer fires again and again"
systemctl stop corescope@trial.timer
until_true idle
say $? "a run ends"
[ "$(stat -c %a "$prom")" = 644 ]
say $? "the text file can be read by everybody"
[ -z "$(find "$(dirname "$prom")" -type f ! -name '*.prom')" ]
say $? "no temporary file is left"
[ "$(corescope history list --output json | grep -c '"tool":"cpudist"')" -ge 3 ]
say $? "the store has every run"
[ ! -s /trial/systemd.out ] && [ ! -s /trial/systemd.err ]
say $? "nothing is said when all goes well"
corescope cpudist --lock=trial --output=json > /trial/holder &
holder=$!
until_true [ -s /trial/holder ]
before=$(runs)
systemctl start corescope@trial.service
say $? "a run that finds the lock held is no failure"
[ "$(runs)" = "$before" ] && grep -q "'trial' is held by process $holder;" /trial/systemd.err
say $? "it says so, and does nothing"
kill -INT $holder
wait $holder
systemctl start corescope@trial.service
[ "$(runs)" = $((before + 1)) ]
say $? "and does something again when the lock is free"
touch /trial/systemd.done
systemctl poweroff --force --force
