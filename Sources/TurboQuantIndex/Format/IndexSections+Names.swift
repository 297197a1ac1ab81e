// Sections that this build does not know, or knows and does not read.

internal import TurboQuantStorage

extension IndexSections {
  /// What an error says about a part of the format that is specified and not read yet.
  static let unread = "which this build does not read; update turboquant"

  /// Sections of the format that this build does not read, and what they hold.
  private static let planned = [
    "list offsets": "inverted lists", "second lists": "rows in a second list",
    "stage": "a quantizer with a record of its own",
  ]

  /// Refuses a section that the index cannot be read without.
  func checkNames() throws(IndexError) {
    guard version > 2 else { return }
    for section in unknown where !section.isOptional {
      let what = IndexSections.planned[section.name].map { "\($0), " } ?? ""
      throw malformed(
        "section “\(section.name)”: \(what)\(IndexSections.unread)", in: section.name, at: 0)
    }
  }

  /// Sections to keep when the index is written again: optional ones that this build does not know.
  var kept: [String] { unknown.filter(\.isOptional).map(\.name) }

  private var unknown: [ContainerSection] {
    let known =
      [IndexRecord.codecSection, IndexRecord.section, IndexRecord.centersSection]
      + [TagSections.ends, TagSections.bytes] + Part.allCases.map(\.section)
    return sections.filter { !known.contains($0.name) }
  }
}
