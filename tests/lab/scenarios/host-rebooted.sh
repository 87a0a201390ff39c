# somebody reboots the machine while web runs
# expect: host-rebooted confirmed
# reboots

service web '/usr/local/bin/misbehave wait'
systemctl enable -q web 2>/dev/null || true
sleep 2
systemctl reboot
