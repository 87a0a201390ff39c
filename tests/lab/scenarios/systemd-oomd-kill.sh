# ranker is pushed into swap by its MemoryHigh, and systemd-oomd kills it since more swap is used
# than it allows
# expect: systemd-oomd-kill confirmed

fallocate -l 400M /var/swap && chmod 600 /var/swap && mkswap -q /var/swap && swapon /var/swap
mkdir -p /etc/systemd/oomd.conf.d
printf '[OOM]\nSwapUsedLimit=10%%\n' >/etc/systemd/oomd.conf.d/lab.conf
systemctl set-property system.slice ManagedOOMSwap=kill
systemctl start systemd-oomd
service ranker '/usr/local/bin/ranker -r 60 500' 'MemoryHigh=60M'
wait_for 120 "journalctl -b | grep -q 'systemd-oomd killed'"
