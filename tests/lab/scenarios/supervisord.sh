# supervisord starts web, which is killed by a segmentation fault again and again
# expect: segfault confirmed|likely

printf '[program:web]\ncommand=/usr/local/bin/misbehave null\nstartsecs=0\n' \
    >/etc/supervisor/conf.d/web.conf
systemctl start supervisor
wait_for 60 "grep -q 'exited: web' /var/log/supervisor/supervisord.log"
