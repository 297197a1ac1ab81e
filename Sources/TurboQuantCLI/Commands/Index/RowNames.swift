internal import TurboQuantIndex

/// What a row is known by: its id, or its tag.
protocol RowName: Hashable, Sendable {
  /// The word for it.
  static var noun: String { get }
  /// The word and the name, for a message about it.
  var phrase: String { get }
}

extension UInt64: RowName {
  static let noun = "id"

  var phrase: String { "id \(self)" }
}

extension RowTag: RowName {
  static let noun = "tag"

  var phrase: String { "tag “\(DemoPage.cut(description, 40))”" }
}

/// Ids or tags from the command line or a file, each with its place.
struct RowNames<Name: RowName>: Sendable {
  /// How the places of names are counted.
  enum Places {
    /// Entries of an option, from 1.
    case entries
    /// Lines of a text, from 1, of which these hold no name.
    case lines(blank: [Int])
    /// Rows of an array, from 0, as those of vectors are counted.
    case rows
  }

  /// The names in order.
  let names: [Name]
  /// The file that they were read from, or the option that lists them.
  let source: String
  private let places: Places

  init(_ names: [Name], from path: String, _ places: Places) {
    self.names = names
    source = path
    self.places = places
  }

  init(listed names: [Name], in option: Option) {
    self.init(names, from: "--\(option.name)", .entries)
  }

  /// Whether an option lists them.
  var isListed: Bool { if case .entries = places { true } else { false } }

  /// Where the name at `index` stands, for an error about it.
  func place(_ index: Int) -> String { "\(source): \(entry(index))" }

  private func entry(_ index: Int) -> String {
    switch places {
    case .entries: return "entry \(index + 1)"
    case .rows: return "row \(index)"
    case .lines(let blank):
      let line = blank.reduce(index + 1) { line, skipped in line >= skipped ? line + 1 : line }
      return "line \(line)"
    }
  }

  /// Refuses a name that is there twice.
  func requireDistinct() throws {
    var earlier: [Name: Int] = [:]
    earlier.reserveCapacity(names.count)
    for (index, name) in names.enumerated() {
      if let first = earlier.updateValue(index, forKey: name) {
        throw CommandFailure(
          "\(place(index)): \(name.phrase) is \(entry(first)) already — name every \(Name.noun) once"
        )
      }
    }
  }

  /// Refuses more or fewer names than `count` rows of `path`.
  func require(count: Int, rowsOf path: String) throws {
    guard names.count == count else {
      throw CommandFailure(
        "\(source): \(Numbers.counted(names.count, Name.noun)) for "
          + "\(Numbers.counted(count, "row")) of \(path) — give every row one \(Name.noun)")
    }
  }
}
