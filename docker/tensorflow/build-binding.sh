#!/usr/bin/env bash
# build-binding.sh PACKAGE DIR: builds the native part of @tensorflow/tfjs-node-gpu from its sources, against the
# TensorFlow library in DIR. The package must be installed in the folder PACKAGE without its scripts. The library that
# it would fetch is for CUDA 11; the binding uses only TensorFlow's C API, which is stable, so a newer library works.
# Needs g++ and the headers of the running Node.js.
set -euo pipefail
package=$(realpath "$1") library=$(realpath "$2")/tensorflow
headers=$(dirname "$(dirname "$(realpath "$(command -v node)")")")/include/node
# node-pre-gyp finds the file at run time. Under Node.js 20 and 22 it looks for N-API 8.
target=$package/lib/napi-v8/tfjs_binding.node

mkdir -p "$(dirname "$target")"
cd "$package"
g++ -O2 -fPIC -shared -std=c++17 -w -DNAPI_VERSION=8 -DNODE_GYP_MODULE_NAME=tfjs_binding \
  -I"$headers" -I. -I.. -I"$library/include" binding/tfjs_backend.cc binding/tfjs_binding.cc -o "$target" \
  -L"$library" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,"$library"
