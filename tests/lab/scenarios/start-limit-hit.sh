# web exits at once, and after five starts systemd gives up
# expect: start-limit-hit confirmed
# expect: application-exit likely

printf '[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=0\n' \
    >/etc/systemd/system/web.service
systemctl start --no-block web
wait_for 30 'systemctl is-failed -q web'
