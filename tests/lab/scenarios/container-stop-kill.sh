# a container ignores SIGTERM; somebody restarts its service, and podman kills it after 2 s
# expect: container-stop-kill likely

tar -C /usr/local/bin -c misbehave | podman import -q - web >/dev/null
podman create -q --name web --network none web /misbehave deaf
service web '/usr/bin/podman start -a web' 'ExecStop=/usr/bin/podman stop -t 2 web'
wait_for 60 "podman ps -q | grep -q ."
sleep 2
systemctl restart web
