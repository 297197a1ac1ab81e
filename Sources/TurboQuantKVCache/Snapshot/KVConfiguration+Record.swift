// What a snapshot says about its configuration.

internal import TurboQuant

extension KVConfiguration {
  /// The ``SnapshotRecord/Tokens/flags`` of a cache with a token beyond the sinks.
  var flags: [Bool] {
    let isCentered = centering != .none
    return [
      isCentered && keys.hasCodes, isCentered && values.hasCodes, keys.hasOutliers,
      values.hasOutliers,
    ]
  }

  /// Whether there may be tokens that wait for a centre, or until outlier channels are chosen.
  var mayWait: Bool { flags.contains(true) }

  /// What identifies the equalization: 32 bytes, zeros if there is none.
  var equalizationRecord: [UInt8] {
    equalization?.fingerprint.bytes ?? [UInt8](repeating: 0, count: 32)
  }

  /// Everything that determines what stored bytes mean, one line each.
  var record: String {
    var lines = [
      "query heads: \(shape.queryHeads)", "key/value heads: \(shape.keyValueHeads)",
      "key dimension: \(shape.keyDimension)", "value dimension: \(shape.valueDimension)",
      "keys: \(keys.record)", "values: \(values.record)", "sinks: \(sinks)", "window: \(window)",
      "sliding window: \(slidingWindow.map { "\($0)" } ?? "none")",
      "seed: \(seed)", "logit cap: \(logitCap.map { "\($0)" } ?? "none")",
      "sink logits: \(sinkLogits.map { "\($0)" }.joined(separator: " "))",
    ]
    // Settings that snapshots had no words for before.
    if let centerTokens { lines.append("centre after: \(centerTokens) tokens") }
    if let exactTokens { lines.append("exact tokens: \(exactTokens.rawValue)") }
    if let equalization {
      lines.append("equalization: \(equalization.kind.rawValue) \(equalization.fingerprint)")
    }
    switch centering {
    case .none: lines.append("centring: none")
    case .mean: lines.append("centring: mean")
    case .rotaryMean(let rotary):
      let frequencies = rotary.frequencies.map { "\($0)" }.joined(separator: " ")
      let pairing = rotary.pairing == .halves ? "halves" : "neighbours"
      lines.append("centring: turned mean, \(pairing), \(frequencies)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension KVPrecision {
  /// As ``description``, with what that leaves out.
  fileprivate var record: String {
    if case .outliers(let bits, let estimator) = self {
      return "outliers of \(bits) bits, \(estimator?.rawValue ?? "standard")"
    }
    if case .sketches(let directions, let outliers, let outlierDirections, let sketch) = self {
      return "\(directions) signs, \(outliers) outliers of \(outlierDirections), \(sketch.rawValue)"
    }
    guard case .codes(let rate, let quantizer, let estimator) = self else { return description }
    return "\(rate) bits, \(quantizer.recordText), \(estimator?.rawValue ?? "standard")"
  }
}
