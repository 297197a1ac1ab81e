// The output of attention: sums of values, rotated back and divided by the sum of weights.

internal import TurboQuant
internal import TurboQuantKernels

extension HeadAttention {
  /// The output of query `i`.
  func output(_ softmaxes: borrowing RunningSoftmaxes, _ i: Int) throws(KVCacheError)
    -> [Float]
  {
    let state = softmaxes.states[i]
    guard state.weightSum > 0, state.weightSum.isFinite, state.largest.isFinite else {
      throw KVCacheError(
        .notFinite(head: headNumber, token: 0, coordinate: 0),
        "head \(headNumber): scores overflow float32; scale keys or queries down")
    }
    let inverse = 1 / state.weightSum
    let width = codec.configuration.shape.valueDimension
    let plain = softmaxes.plain.span.extracting(i * width..<(i + 1) * width)
    var result = plain.indices.map { Double(plain[$0]) }
    if state.codedWeight > 0, let valueCodec = codec.valueCodec {
      do throws(CodecError) {
        var parts: [[Float]] = []
        for (number, group) in valueCodec.channelGroups.enumerated() {
          let first = i * width + valueCodec.start(number)
          parts.append(
            try group.codec.rotation.applyInverse(
              to: softmaxes.rotated.span.extracting(first..<first + group.codec.dimension)))
        }
        let values = valueCodec.scattered(parts, head.values.channels)
        for k in result.indices { result[k] += Double(values[k]) }
      } catch {
        throw KVCacheError(error, "values")
      }
      let center = head.values.center
      for k in center.indices { result[k] += state.codedWeight * Double(center[k]) }
    }
    let output = result.map { Float($0 * inverse) }
    guard output.allSatisfy(\.isFinite) else {
      throw KVCacheError(
        .notFinite(head: headNumber, token: 0, coordinate: 0),
        "head \(headNumber): sums of values overflow float32; scale values down")
    }
    return output
  }
}
