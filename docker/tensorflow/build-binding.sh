#!/usr/bin/env bash
# build-binding.sh PACKAGE DIR: the native part of @tensorflow/tfjs-node-gpu, installed in the folder PACKAGE without its
# scripts, from its own sources, against the TensorFlow library in DIR. It calls TensorFlow's C API alone, which a newer
# library keeps; the one that the package would fetch is for CUDA 11. Needs g++ and the headers of the running Node.js.
set -euo pipefail
package=$(realpath "$1") library=$(realpath "$2")/tensorflow
headers=$(dirname "$(dirname "$(realpath "$(command -v node)")")")/include/node
# N-API 8 is what node-pre-gyp, which finds the file at run time, looks for under Node.js 20 and 22.
target=$package/lib/napi-v8/tfjs_binding.node

mkdir -p "$(dirname "$target")"
cd "$package"
g++ -O2 -fPIC -shared -std=c++17 -w -DNAPI_VERSION=8 -DNODE_GYP_MODULE_NAME=tfjs_binding \
  -I"$headers" -I. -I.. -I"$library/include" binding/tfjs_backend.cc binding/tfjs_binding.cc -o "$target" \
  -L"$library" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,"$library"
