#!/usr/bin/env bash
# fetch-library.sh REQUIREMENT DIR [WHEELS]: extracts TensorFlow's C++ library from a Python wheel into DIR. REQUIREMENT
# is a requirement of pip: tensorflow[and-cuda]==2.21.0 includes NVIDIA's libraries, tensorflow-cpu==2.21.0 does not. If
# the folder WHEELS contains wheels, only those are used. Needs pip.
#
# DIR/tensorflow  the libraries, and their headers in include/
# DIR/nvidia/*    NVIDIA's libraries, in the place where TensorFlow expects them
set -euo pipefail
requirement=$1 dir=$2 wheels=${3:-}
download=$(mktemp --directory)
trap 'rm -r "$download"' EXIT

fetch() {
  local source=()
  if compgen -G "$wheels/*.whl" > /dev/null; then source=(--no-index --find-links "$wheels"); fi
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$download" "${source[@]}" "$@"
}

# Of the dependencies only those of the extra are needed. The others are Python packages.
fetch "$requirement"
extra=$(sed -n 's/.*\[\(.*\)\].*/\1/p' <<< "$requirement")
if [ -n "$extra" ]; then
  mapfile -t extras < <(unzip -p "$download"/tensorflow*.whl '*.dist-info/METADATA' |
    sed -n "s/^Requires-Dist: \(nvidia-[^;]*[^; ]\) *;.*extra == [\"']$extra[\"'].*/\1/p")
  [ "${#extras[@]}" -gt 0 ] || { echo "$requirement includes no NVIDIA libraries" >&2; exit 1; }
  fetch "${extras[@]}"
fi

mkdir -p "$dir"
for wheel in "$download"/*.whl; do
  # unzip exits with 11 if a pattern matches nothing in a wheel.
  unzip -q -o "$wheel" 'tensorflow/libtensorflow_*' 'tensorflow/include/tensorflow/c/*' \
    'tensorflow/include/tensorflow/core/platform/*' 'tensorflow/include/xla/*' 'tensorflow/include/tsl/*' \
    'nvidia/*/lib/*' -d "$dir" 2> /dev/null || [ $? = 11 ]
done
ls "$dir"/tensorflow/libtensorflow_cc.so.2 "$dir"/tensorflow/libtensorflow_framework.so.2
