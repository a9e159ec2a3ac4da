// Brings what other threads have finished back to the event loop: resolves promises there.
#pragma once
#include <node_api.h>

#include <functional>

class Completions {
 public:
  explicit Completions(napi_env env);

  // A promise, and the function that resolves it, which any thread may call once. Until then the event loop stays alive, and so do
  // `kept`, the arrays that other threads use.
  napi_value promise(napi_value kept, std::function<void(bool)> *resolve);
  // Nothing is brought back any more.
  void close();

 private:
  struct Pending {
    Completions *completions;
    napi_deferred deferred;
    napi_ref kept;
    bool value;
  };

  static void resolvePending(napi_env env, napi_value, void *, void *data);

  napi_env env;
  napi_threadsafe_function queue = nullptr;
  int pendingCount = 0;
};
