// Refuses configurations that contradict themselves.

extension KVConfiguration {
  /// Refuses impossible and contradicting settings.
  func check() throws(KVCacheError) {
    if let defect = shape.defect { throw KVCacheError(.shape, defect) }
    func refuse(_ message: String) -> KVCacheError { KVCacheError(.notOffered, message) }
    for (name, value) in [("sinks", sinks), ("window", window)]
    where !(0...1 << 20).contains(value) {
      throw refuse("\(name): \(value) tokens, expected 0 … \(1 << 20)")
    }
    if let centerTokens, !(1...1 << 20).contains(centerTokens) {
      throw refuse("a centre after \(centerTokens) tokens, expected 1 … \(1 << 20)")
    }
    if let reach = slidingWindow, reach < 1 {
      throw refuse("a sliding window of \(reach) tokens, expected at least the query's own")
    }
    if let cap = logitCap, !(cap > 0 && cap.isFinite) {
      throw refuse("a logit cap of \(cap), expected a positive number")
    }
    guard sinkLogits.isEmpty || sinkLogits.count == shape.queryHeads,
      sinkLogits.allSatisfy(\.isFinite)
    else {
      throw refuse(
        "\(sinkLogits.count) sink logits, expected \(shape.queryHeads) finite ones, one per query head"
      )
    }
    if let equalization {
      guard keys.hasCodes else {
        throw refuse(
          "an equalization of keys that are kept as \(keys), expected keys that become codes")
      }
      guard equalization.heads.count == shape.keyValueHeads,
        equalization.dimension == shape.keyDimension
      else {
        throw refuse(
          "an equalization of \(equalization.heads.count) heads of \(equalization.dimension) coordinates, expected "
            + "\(shape.keyValueHeads) of \(shape.keyDimension)")
      }
    }
    if let rotary = centering.rotary {
      guard 2 * rotary.frequencies.count <= shape.keyDimension,
        rotary.frequencies.allSatisfy({ abs($0) <= RotaryEmbedding.largestFrequency })
      else {
        throw refuse(
          "\(rotary.frequencies.count) rotary frequencies, expected at most "
            + "\(shape.keyDimension / 2), of at most 4 radians per position")
      }
    }
  }
}
