#include "completions.h"

Completions::Completions(napi_env env) : env(env) {
  napi_value name;
  napi_create_string_utf8(env, "trainyard", NAPI_AUTO_LENGTH, &name);
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, resolvePending, &queue);
  napi_unref_threadsafe_function(env, queue);
}

napi_value Completions::promise(napi_value kept, std::function<void(bool)> *resolve) {
  auto *pending = new Pending{this, nullptr, nullptr, false};
  napi_value promise;
  napi_create_promise(env, &pending->deferred, &promise);
  napi_create_reference(env, kept, 1, &pending->kept);
  if (pendingCount++ == 0) napi_ref_threadsafe_function(env, queue);
  *resolve = [this, pending](bool value) {
    pending->value = value;
    if (napi_call_threadsafe_function(queue, pending, napi_tsfn_nonblocking) != napi_ok) delete pending;
  };
  return promise;
}

void Completions::resolvePending(napi_env env, napi_value, void *, void *data) {
  auto *pending = static_cast<Pending *>(data);
  // No environment: the process is ending.
  if (env != nullptr) {
    napi_value value;
    napi_get_boolean(env, pending->value, &value);
    napi_resolve_deferred(env, pending->deferred, value);
    napi_delete_reference(env, pending->kept);
    Completions &completions = *pending->completions;
    if (--completions.pendingCount == 0) napi_unref_threadsafe_function(env, completions.queue);
  }
  delete pending;
}

void Completions::close() { napi_release_threadsafe_function(queue, napi_tsfn_abort); }
