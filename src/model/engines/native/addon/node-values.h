// Reading the values that JavaScript passes. The addon's only caller is engines/native/*.ts, whose types say what is passed, so a value
// of another type is not expected here.
#pragma once
#include <node_api.h>
#include <stdint.h>

#include <string>

template <typename Number>
struct View {
  Number *numbers = nullptr;
  size_t length = 0;
};

class Value {
 public:
  Value(napi_env env, napi_value value) : env(env), value(value) {}

  Value operator[](const char *name) const {
    napi_value property;
    napi_get_named_property(env, value, name, &property);
    return {env, property};
  }

  Value operator[](uint32_t index) const {
    napi_value element;
    napi_get_element(env, value, index, &element);
    return {env, element};
  }

  uint32_t length() const {
    uint32_t count = 0;
    napi_get_array_length(env, value, &count);
    return count;
  }

  double number() const {
    double number = 0;
    napi_get_value_double(env, value, &number);
    return number;
  }

  int integer() const { return int(number()); }
  uint32_t word() const { return uint32_t(number()); }
  float single() const { return float(number()); }

  bool boolean() const {
    bool is = false;
    napi_get_value_bool(env, value, &is);
    return is;
  }

  bool isNull() const {
    napi_valuetype type;
    napi_typeof(env, value, &type);
    return type == napi_null || type == napi_undefined;
  }

  std::string text() const {
    char buffer[64];
    size_t length = 0;
    napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length);
    return std::string(buffer, length);
  }

  // The numbers of a typed array, which belong to it.
  template <typename Number>
  View<Number> view() const {
    if (isNull()) return {};
    napi_typedarray_type type;
    size_t length = 0;
    void *data = nullptr;
    napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
    return {static_cast<Number *>(data), length};
  }

  template <typename Owned>
  Owned *external() const {
    void *data = nullptr;
    napi_get_value_external(env, value, &data);
    return static_cast<Owned *>(data);
  }

  napi_env env;
  napi_value value;
};
