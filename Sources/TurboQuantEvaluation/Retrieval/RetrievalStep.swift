internal import TurboQuantKVCache

/// What a cache does beside codes to find more.
struct RetrievalStep {
  private let hasSinks, hasWindow, hasMean: Bool
  private let kind: KVEqualization.Kind?

  private init(
    sinks: Bool = true, window: Bool = true, mean: Bool = true,
    _ kind: KVEqualization.Kind? = .diagonal
  ) {
    (hasSinks, hasWindow, hasMean, self.kind) = (sinks, window, mean, kind)
  }

  /// From codes alone to all there is, then all but one part each.
  static let all = [
    RetrievalStep(sinks: false, window: false, mean: false, nil),
    RetrievalStep(mean: false, nil), RetrievalStep(nil), RetrievalStep(), RetrievalStep(.matrix),
    RetrievalStep(mean: false), RetrievalStep(window: false), RetrievalStep(sinks: false),
  ]

  /// Its parts, such as “sinks, window, mean, diagonal”.
  var name: String {
    let parts = [(hasSinks, "sinks"), (hasWindow, "window"), (hasMean, "mean")]
    let names = parts.filter(\.0).map(\.1) + [kind?.rawValue].compactMap(\.self)
    return names.isEmpty ? "codes alone" : names.joined(separator: ", ")
  }

  /// `plain` with the step; metrics come from `text`.
  func configuration(_ plain: KVConfiguration, _ text: CalibrationText) throws -> KVConfiguration {
    var configuration = plain
    configuration.sinks = hasSinks ? ModelledHead.sinks : 0
    configuration.window = hasWindow ? ModelledHead.recent : 0
    configuration.centering = hasMean ? .mean : .none
    if let kind {
      var statistics = try KVStatistics(configuration)
      try statistics.add(keys: text.keys.span, queries: text.queries.span)
      configuration.equalization = try statistics.equalization(kind)
    }
    return configuration
  }
}
