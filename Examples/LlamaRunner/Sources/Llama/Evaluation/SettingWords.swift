internal import TurboQuantKVCache

/// The parts of a cache setting: how keys and values are stored, and options by name.
struct SettingWords {
  let keys: Storage
  let values: Storage
  /// The options in the order of the text.
  let options: [(name: Option, value: String)]

  /// How keys or values are stored.
  enum Storage: Hashable {
    /// In a cache of this package's library.
    case precision(KVPrecision)
    /// In another project's format.
    case baseline(RowFormat)
  }

  enum Option: String, CaseIterable {
    case sinks, window, sliding, boundary, center, keys, estimator, seed
    case equalization, uneven, bias

    /// Whether the option changes what any cache gets to see, and not a cache.
    var goesWithAllCaches: Bool { [.equalization, .uneven, .bias].contains(self) }
  }

  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let storages = words[0].split(separator: "/", omittingEmptySubsequences: false).map { word in
      Storage(word: word)
    }
    guard storages.count <= 2, let keys = storages.first ?? nil, let values = storages.last ?? nil
    else {
      let formats = RowFormat.baselines.map(\.rawValue).joined(separator: ", ")
      throw SettingError(
        description:
          "\"\(words[0])\" is no rate of keys and values: 1, 1.5, 2 … 8, 16 or 32 bits, \(formats), or "
          + "two of them as in 4/3")
    }
    (self.keys, self.values) = (keys, values)
    var options: [(name: Option, value: String)] = []
    for word in words.dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw SettingError(description: "\"\(word)\" in \"\(text)\" is not NAME=VALUE")
      }
      guard let name = Option(rawValue: parts[0]) else {
        let all = Option.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingError(description: "\"\(parts[0])\" is nothing a cache setting has: \(all)")
      }
      guard !options.contains(where: { $0.name == name }) else {
        throw SettingError(description: "\(name) is in \"\(text)\" twice; give it once")
      }
      options.append((name, parts[1]))
    }
    self.options = options
  }

  func value(_ name: Option) -> String? {
    options.first { $0.name == name }?.value
  }
}

extension SettingWords {
  func wrong(_ name: Option, _ expected: String) -> SettingError {
    SettingError(
      description: "\(name)=\(value(name) ?? "") in a cache setting: expected \(expected)")
  }

  func idle(_ name: Option, _ reason: String) -> SettingError {
    SettingError(
      description: "\(name)=\(value(name) ?? "") in a cache setting changes nothing: \(reason)")
  }

  func number<Number: FixedWidthInteger>(
    _ name: Option, _ expected: String
  ) throws -> Number? {
    guard let text = value(name) else { return nil }
    guard let number = Number(text) else { throw wrong(name, expected) }
    return number
  }
}

extension SettingWords.Storage {
  fileprivate init?(word: Substring) {
    let prefix = "outliers-"
    if let format = RowFormat(rawValue: String(word)), RowFormat.baselines.contains(format) {
      self = .baseline(format)
    } else if word.hasPrefix(prefix), let bits = Int(word.dropFirst(prefix.count)) {
      self = .precision(.outliers(bits: bits))
    } else if let bits = Double(word), let precision = KVPrecision(bitsPerCoordinate: bits) {
      self = .precision(precision)
    } else {
      return nil
    }
  }
}
