#!/usr/bin/env bash
# A sweep as an array of Slurm jobs, on a Slurm of one node that lives as long as this script.
#
#     sudo benchmarks/slurm/one_node.sh FILE OUT [SHARDS [CPUS]]
#
# FILE is a sweep's file, OUT its folder. SHARDS (8) array jobs share the work. CPUS is how many jobs
# of one CPU Slurm runs at a time, by default the cores of this machine; more than that is allowed.
#
# Debian and Ubuntu have the packages: apt-get install slurm-wlm munge. Nothing is left behind but
# OUT and the packages: configuration, keys, sockets and logs are in a temporary folder, and a Slurm
# that is installed properly on this machine is not touched, except that its ports must be free.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 FILE OUT [SHARDS [CPUS]]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: root is needed, as the daemons start jobs of any user" >&2; exit 2; }
file=$(realpath "$1") out=$(realpath -m "$2") shards=${3:-8} cpus=${4:-$(nproc)}
cd "$(dirname "$0")/../.."

type slurmctld slurmd munged &> /dev/null || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
        slurm-wlm munge > /dev/null
}

work=$(mktemp -d)
chmod 755 "$work"  # munged wants a folder that its clients can enter
daemons=()
stop() {
    kill "${daemons[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap stop EXIT

node=$(hostname -s)
mkdir "$work/state" "$work/spool"
cat > "$work/slurm.conf" << END
ClusterName=one
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
# neither cgroups nor a data base: both need more than a container has
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$work/completed
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# more CPUs than there are, where they are asked for
SlurmdParameters=config_overrides
ReturnToService=2
MpiDefault=none
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf

head -c 128 /dev/urandom > "$work/munge.key"
chmod 400 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munged.seed" \
    &> "$work/munged.out" &
daemons+=($!)
until [ -S "$work/munge.socket" ]; do
    kill -0 "${daemons[0]}" || { cat "$work/munged.out"; exit 1; }
    sleep 0.1
done
slurmctld -D &> "$work/slurmctld.log" &
daemons+=($!)
slurmd -D &> "$work/slurmd.log" &
daemons+=($!)
for _ in $(seq 100); do
    [ "$(sinfo --noheader --format=%T 2> /dev/null)" = idle ] && break
    sleep 0.2
done
[ "$(sinfo --noheader --format=%T)" = idle ] || { tail "$work"/slurm*.log; exit 1; }
sinfo

status=0
sbatch --wait --array=0-$((shards - 1)) --output="$work/shard-%a.log" --wrap "
    .venv/bin/python -m experiments.sweep --config '$file' --out '$out' --threads 1 \
        --shard \$SLURM_ARRAY_TASK_ID/$shards" || status=$?
echo "exit status $status; what each shard says:"
for ((i = 0; i < shards; i++)); do
    echo "$i: $(grep -m1 ' in [0-9.]* s' "$work/shard-$i.log" || tail -1 "$work/shard-$i.log")"
done
echo "and what Slurm says:"
sed -E 's/.*(JobId=[0-9]+).*(JobState=[A-Z]+).*(StartTime=[^ ]+) (EndTime=[^ ]+).*/\1 \2 \3 \4/' \
    "$work/completed"
[ $status = 0 ] && .venv/bin/python -m experiments.sweep merge "$out"
exit $status
