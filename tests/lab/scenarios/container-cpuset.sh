# a container of podman's may use node 1 only (--cpuset-mems=1) and grows until it is full
# expect: cpuset-oom confirmed

tar -C /usr/local/bin -c holdmem | podman import -q - ranker >/dev/null
podman run -d -q --name ranker --network none --cpuset-mems 1 ranker /holdmem -r 60 700 >/dev/null
wait_for_kills 1
wait_for 60 "podman ps -a --format '{{.Status}}' | grep -q Exited"
