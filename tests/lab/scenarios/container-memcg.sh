# a container of podman's reaches its --memory=100m; in the kernel's log it has another pid than in
# the container
# expect: memcg-oom confirmed

tar -C /usr/local/bin -c holdmem | podman import -q - ranker >/dev/null
podman run -d -q --name ranker --network none --memory 100m ranker /holdmem -r 60 300 >/dev/null
wait_for_kills 1
wait_for 60 "podman ps -a --format '{{.Status}}' | grep -q Exited"
