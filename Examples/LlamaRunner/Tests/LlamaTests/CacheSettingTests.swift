import Testing
import TurboQuantKVCache

@testable import Llama

/// Each option of a setting does something, or is refused by name.
@Suite struct CacheSettingTests {
  static let shape = CacheShape(queryHeads: 2, keyValueHeads: 1, headDimension: 16)
  static let layerCount = 3
  static let tokens = 48

  static let rates = ["32", "16", "4", "2.5", "outliers-3"]
  static let options: [(name: String, values: [String])] = [
    ("sinks", ["4"]), ("window", ["8"]), ("sliding", ["6"]), ("boundary", ["4", "16", "32"]),
    ("center", ["mean", "rotary-mean"]),
    ("keys", ["two-stage", "two-stage-gaussian", "qjl", "polar"]),
    ("estimator", ["reconstruction", "matched-norm"]), ("seed", ["9"]),
  ]

  /// All attention that the layers of a setting compute from the same numbers; nil where refused.
  static func outputs(_ text: String) throws -> [Float] {
    let frequencies = (0..<8).map { 1 / Double(1 << $0) }
    let layers = try SettingWords(text).layers(
      shape: shape, count: layerCount, frequencies: frequencies)
    let setting = try CacheSetting.compressed(layers, name: text)
    var generator = SeededGenerator(seed: 3)
    var result: [Float] = []
    for layer in 0..<2 {
      var cache = try setting.make(shape, layer)
      for tokens in [Self.tokens - 2, 1, 1] {
        func rows(_ heads: Int) -> [Float] {
          randomFloats(heads * tokens * 16, &generator).enumerated().map {
            $0 % 16 < 3 ? 4 * $1 + 2 : $1  // A mean, and channels larger than others.
          }
        }
        try cache.append(keys: rows(1), values: rows(1), tokens: tokens)
        result += try cache.attend(queries: rows(2), tokens: tokens, scale: 0.25)
      }
    }
    return result
  }

  /// The outputs of settings, each computed once; nil for one that is refused.
  private final class Known {
    private var outputs: [String: [Float]?] = [:]
    private(set) var refusals: [String: String] = [:]

    func callAsFunction(_ text: String) -> [Float]? {
      if let known = outputs[text] { return known }
      var found: [Float]?
      do { found = try CacheSettingTests.outputs(text) } catch { refusals[text] = "\(error)" }
      outputs[text] = .some(found)
      return found
    }
  }

  @Test("Alone and in pairs, options change what a cache computes or are refused by name")
  func pairs() {
    let known = Known()
    let single = Self.options.flatMap { option in option.values.map { (option.name, $0) } }
    var (taken, refused) = (0, 0)
    for rate in Self.pairsOfRates {
      for (index, first) in single.enumerated() {
        let pairs = single[(index + 1)...].filter { $0.0 != first.0 }
        for chosen in [[first]] + pairs.map({ [first, $0] }) {
          let text = Self.text(rate, chosen)
          guard let output = known(text) else {
            refused += 1
            let reason = known.refusals[text] ?? ""
            #expect(
              chosen.contains { reason.contains($0.0) || reason.contains($0.1) },
              "\(text): \(reason)")
            continue
          }
          taken += 1
          for option in chosen where !Self.saysWhatIsSo(option, in: chosen, rate) {
            let without = Self.text(rate, chosen.filter { $0 != option })
            // Where the rest alone is refused, the option was needed.
            if let plain = known(without), plain == output {
              Issue.record("\(text) computes what \(without) computes")
            }
          }
        }
      }
    }
    print("\(taken) settings differ from those with less, \(refused) are refused")
    #expect(taken > 500 && refused > 300)
  }

  static let pairsOfRates = [
    "32/32", "16/16", "32/4", "16/4", "4/16", "4/4", "2.5/3", "outliers-3/outliers-3",
    "outliers-3/4", "outliers-3/16",
  ]

  static func text(_ rates: String, _ options: [(String, String)]) -> String {
    ([rates] + options.map { "\($0)=\($1)" }).joined(separator: ",")
  }

  /// PolarQuant has one way of reading, which may be named.
  static func saysWhatIsSo(
    _ option: (String, String), in chosen: [(String, String)], _ rates: String
  ) -> Bool {
    option == ("estimator", "reconstruction") && chosen.contains { $0 == ("keys", "polar") }
      && rates.hasSuffix("/16")
  }

  @Test("No two combinations of all options are one configuration")
  func allCombinations() {
    var texts = Self.rates.flatMap { keys in Self.rates.map { keys + "/" + $0 } }
    for (name, values) in Self.options {
      texts = texts.flatMap { text in [text] + values.map { "\(text),\(name)=\($0)" } }
    }
    var seen: [[KVConfiguration]: String] = [:]
    for text in texts {
      guard
        let layers = try? SettingWords(text).layers(
          shape: Self.shape, count: Self.layerCount, frequencies: [1, 0.5])
      else { continue }
      if let other = seen.updateValue(text, forKey: layers) {
        Issue.record("\(text) keeps what \(other) keeps")
      }
    }
    #expect(seen.count > 5_000)
  }

  @Test("The first and last layers are codes of the same kind, read in the same way")
  func boundary() throws {
    let layers = try SettingWords("3,keys=two-stage,boundary=8").layers(
      shape: Self.shape, count: 4, frequencies: [])
    let (outer, inner) = (layers[0].keys, layers[1].keys)
    #expect(layers[3].keys == outer && layers[2].keys == inner && outer != inner)
    #expect(outer.description.contains("8 bits") && inner.description.contains("3 bits"))
    for precision in [outer, inner] { #expect(precision.description.contains("two-stage")) }
  }

  @Test(
    "What changes nothing is refused by name",
    arguments: [
      ("outliers-3,keys=two-stage", "keys=two-stage"), ("16,keys=qjl", "keys=qjl"),
      ("16,estimator=reconstruction", "estimator=reconstruction"),
      ("32,estimator=matched-norm", "estimator=matched-norm"), ("16,seed=4", "seed=4"),
      ("16,center=mean", "center=mean"), ("16/4,center=rotary-mean", "center=rotary-mean"),
      ("16,window=4", "window=4"), ("16,sinks=4", "sinks=4"), ("4,boundary=4", "boundary=4"),
      ("16/4,keys=polar", "keys=polar"), ("4,seed=1,seed=2", "seed is in"),
      ("4,keys=qjl,keys=polar", "keys is in"),
    ])
  func idle(_ text: String, named: String) throws {
    let error = #expect(throws: SettingError.self) {
      try SettingWords(text).layers(shape: Self.shape, count: 4, frequencies: [1])
    }
    #expect(error?.description.contains(named) == true, "\(error?.description ?? "")")
  }

  @Test("A model without layers between the first and the last has no boundary", arguments: [1, 2])
  func shallow(count: Int) {
    let error = #expect(throws: SettingError.self) {
      try SettingWords("4,boundary=8").layers(shape: Self.shape, count: count, frequencies: [])
    }
    #expect(error?.description.contains("boundary=8") == true)
  }

  @Test("A compressed cache holds arrays against the tokens they are said to be")
  func lengths() throws {
    let setting = try CacheSetting.compressed(
      SettingWords("4").layers(shape: Self.shape, count: 1, frequencies: []), name: "4")
    var cache = try setting.make(Self.shape, 0)
    let row = [Float](repeating: 1, count: 16)
    #expect(throws: CacheError.length(what: "keys", expected: 32, found: 16)) {
      try cache.append(keys: row, values: row, tokens: 2)
    }
    try cache.append(keys: row, values: row, tokens: 1)
    #expect(throws: CacheError.queries(tokens: 2, held: 1)) {
      try cache.attend(queries: row + row, tokens: 2, scale: 1)
    }
    #expect(throws: CacheError.length(what: "queries", expected: 32, found: 16)) {
      try cache.attend(queries: row, tokens: 1, scale: 1)
    }
    #expect(throws: SettingError.self) { try setting.make(Self.shape, 1) }
  }
}
