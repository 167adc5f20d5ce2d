#!/usr/bin/env bash
# A sweep of seeds as an array job of Slurm: each task of the array plays one shard.
#
#   sbatch --array=0-63 slurm-sweep.sh /shared/sweep-12 64 --scenario swarm --seeds 1000000
#   holdfast-sim merge /shared/sweep-12        # when it is over
#
# The folder lies where all nodes see it; then comes the number of shards, which is not taken from
# the array, so that a few tasks can be submitted again (--array=3,17).  All else goes to
# `holdfast-sim sweep`.  HOLDFAST_SIM names the program, if it is not in PATH.
#
#SBATCH --job-name=holdfast-sweep
#SBATCH --cpus-per-task=1
# A task whose node died begins again; its shard goes on where it was.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=holdfast-sweep-%A-%a.log
# Two minutes before the time limit.
#SBATCH --signal=B:USR1@120
set -euo pipefail

if (($# < 2)) || [[ -z ${SLURM_ARRAY_TASK_ID:-} ]]; then
  echo "usage: sbatch --array=0-LAST slurm-sweep.sh DIR SHARDS [ARGUMENTS OF holdfast-sim sweep]" >&2
  exit 2
fi
folder=$1
shards=$2
shift 2

sweep=
# Time is nearly up: what was played is written down, and the task goes back into the queue.
put_back() {
  trap '' USR1
  kill -TERM "$sweep"
  wait "$sweep" || true
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
  exit 0
}
trap put_back USR1
# Whoever cancels the job means it; it still ends in order.
trap 'kill -TERM "$sweep"; wait "$sweep"' TERM

"${HOLDFAST_SIM:-holdfast-sim}" sweep --shard "$SLURM_ARRAY_TASK_ID/$shards" --out "$folder" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}" "$@" &
sweep=$!
wait "$sweep"
