#include "parameters.h"

void writeParameters(const DenseShape &shape, const Parameters &to, const float *weights, const float *bias, Range outputs) {
  for (int output = outputs.first; output < outputs.end; output++) {
    float *column = to.weights + shape.at(output / shape.columns, 0) + output % shape.columns;
    for (int input = 0; input < shape.inputs; input++) column[size_t(input) * shape.columns] = *weights++;
    to.bias[output] = *bias++;
  }
}

void readParameters(const DenseShape &shape, const Parameters &from, float *weights, float *bias) {
  for (int output = 0; output < shape.outputs; output++) {
    const float *column = from.weights + shape.at(output / shape.columns, 0) + output % shape.columns;
    for (int input = 0; input < shape.inputs; input++) *weights++ = column[size_t(input) * shape.columns];
    *bias++ = from.bias[output];
  }
}
