#!/usr/bin/env bash
# fetch-library.sh REQUIREMENT DIR [WHEELS]: TensorFlow's C++ library out of a Python wheel, into DIR, without Python.
# REQUIREMENT is what pip would take: tensorflow[and-cuda]==2.21.0 brings NVIDIA's libraries, tensorflow-cpu==2.21.0 none.
# Where the folder WHEELS holds wheels, nothing but them is used. Needs pip.
#
# DIR/tensorflow  the libraries, and their headers in include/
# DIR/nvidia/*    NVIDIA's, as the wheels lay them beside TensorFlow
set -euo pipefail
requirement=$1 dir=$2 wheels=${3:-}
download=$(mktemp --directory)
trap 'rm -r "$download"' EXIT

fetch() {
  local source=()
  if compgen -G "$wheels/*.whl" > /dev/null; then source=(--no-index --find-links "$wheels"); fi
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$download" "${source[@]}" "$@"
}

# Of the wheel's dependencies only those of the extra are wanted: the others are Python.
fetch "$requirement"
extra=$(sed -n 's/.*\[\(.*\)\].*/\1/p' <<< "$requirement")
if [ -n "$extra" ]; then
  mapfile -t extras < <(unzip -p "$download"/tensorflow*.whl '*.dist-info/METADATA' |
    sed -n "s/^Requires-Dist: \(nvidia-[^;]*[^; ]\) *;.*extra == [\"']$extra[\"'].*/\1/p")
  [ "${#extras[@]}" -gt 0 ] || { echo "$requirement brings no libraries of NVIDIA" >&2; exit 1; }
  fetch "${extras[@]}"
fi

mkdir -p "$dir"
for wheel in "$download"/*.whl; do
  # unzip exits with 11 where a wheel has nothing of the one or the other kind.
  unzip -q -o "$wheel" 'tensorflow/libtensorflow_*' 'tensorflow/include/tensorflow/c/*' \
    'tensorflow/include/tensorflow/core/platform/*' 'tensorflow/include/xla/*' 'tensorflow/include/tsl/*' \
    'nvidia/*/lib/*' -d "$dir" 2> /dev/null || [ $? = 11 ]
done
ls "$dir"/tensorflow/libtensorflow_cc.so.2 "$dir"/tensorflow/libtensorflow_framework.so.2
