import Foundation
import TurboQuantKernels
import TurboQuantStorage

/// A section of a snapshot, taken out to be forged.
struct SnapshotSection {
  let name: String
  var isOptional = false
  var bytes: [UInt8]

  /// The cache of the smallest fixture with tokens.
  static let golden = GoldenCache.all[1]

  static func fixture(_ version: Int) -> String {
    GoldenSnapshotTests.fixture("\(golden.name)-\(version).tqkv").path
  }

  /// The sections of a snapshot, in order.
  static func all(of path: String) throws -> [SnapshotSection] {
    let reader = try ContainerReader(path, kind: "KVCH")
    try reader.verify()
    var sections: [SnapshotSection] = []
    for section in reader.sections {
      let bytes = try reader.bytes(of: section.name)
      sections.append(
        SnapshotSection(
          name: section.name, isOptional: section.isOptional,
          bytes: bytes.byteArray(0..<bytes.byteCount)))
    }
    return sections
  }

  /// Writes a file of these sections, whose checksums all match, and returns its path.
  @discardableResult
  static func write(_ sections: [SnapshotSection], to path: String) throws -> String {
    var writer = try ContainerWriter(path, kind: "KVCH", sectionCount: sections.count)
    for section in sections {
      try writer.writeSection(section.name, isOptional: section.isOptional, section.bytes.span.raw)
    }
    try writer.finish()
    return path
  }
}
