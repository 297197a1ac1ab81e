internal import TurboQuantKernels
internal import TurboQuantStorage

/// The parts of an index in a mapped file, or in bytes, read in place.
///
/// Each mebibyte is checked against its checksum when it is first touched.
final class IndexSections: Sendable {
  private let container: ContainerReader
  /// The index version.
  let version: UInt32

  /// - Throws: ``IndexError`` if the record that says the version cannot be read.
  init(_ container: consuming ContainerReader) throws(IndexError) {
    version = try IndexSections.lend(container, IndexRecord.section, nil) { bytes in
      bytes.byteCount >= 4 ? bytes.integer(at: 0) : 0
    }
    self.container = container
  }

  var path: String { container.path }

  /// What an error says about a part of the format that is specified and not read yet.
  static let unread = "which this build does not read; update turboquant"

  /// The optional sections that this build does not know; refuses other unknown ones, which version 2 had none of.
  func keptSections() throws(IndexError) -> [String] {
    guard version > 2 else { return [] }
    let known =
      [IndexRecord.codecSection, IndexRecord.section, IndexRecord.centersSection]
      + [TagSections.ends, TagSections.bytes] + Part.allCases.map(\.section)
    do throws(StorageError) {
      return try container.unknownOptionalSections(
        known: known,
        planned: [
          "list offsets": "inverted lists", "second lists": "rows in a second list",
          "stage": "a quantizer with a record of its own",
        ]
      ).map(\.name)
    } catch {
      throw IndexError(error)
    }
  }

  /// The size of the file.
  var fileByteCount: Int { container.byteCount }

  /// The section that holds a part.
  func name(of part: Part) -> String {
    part == .centerComponents && version == 2 ? "mean components" : part.section
  }

  /// The bytes of a part; 0 if the file does not have it.
  func byteCount(of part: Part) -> Int { byteCount(ofSection: name(of: part)) ?? 0 }

  /// The bytes of a section, or nil where there is none.
  func byteCount(ofSection name: String) -> Int? {
    container.sections.first { $0.name == name }.map { Int($0.byteCount) }
  }

  /// Lends a range of a part; an empty range of any part is empty.
  func withBytes<R>(
    of part: Part, _ range: Range<Int>, _ body: (RawSpan) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    guard !range.isEmpty else { return try body(RawSpan()) }
    return try withBytes(ofSection: name(of: part), range, body)
  }

  /// Lends a range of a section, all of it if nil.
  func withBytes<R>(
    ofSection name: String, _ range: Range<Int>? = nil,
    _ body: (RawSpan) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    try IndexSections.lend(container, name, range, body)
  }

  // A borrowed parameter lends its spans for the whole call; a property of a class would not.
  private static func lend<R>(
    _ container: borrowing ContainerReader, _ name: String, _ range: Range<Int>?,
    _ body: (RawSpan) throws(IndexError) -> R
  ) throws(IndexError) -> R {
    let all = 0..<Int(container.sections.first { $0.name == name }?.byteCount ?? 0)
    let bytes: RawSpan
    do throws(StorageError) {
      bytes = try container.bytes(of: name, range ?? all)
    } catch {
      throw IndexError(error)
    }
    return try body(bytes)
  }

  /// Frees the memory of bytes of a part that will not be read again soon.
  func forgetBytes(of part: Part, _ range: Range<Int>) {
    container.forgetBytes(of: name(of: part), range.clamped(to: 0..<byteCount(of: part)))
  }

  /// An error at a byte of a section.
  func malformed(_ reason: String, in section: String, at offset: Int) -> IndexError {
    let start = container.sections.first { $0.name == section }?.offset
    let place = start.map { $0 + UInt64(offset) }
    let text = place.map { " (at byte \($0))" } ?? ""
    return IndexError(
      .file(path: path, offset: place), "\(singleLine(path)): malformed index: \(reason)\(text)")
  }

  /// Checks every byte of the file.
  func verify(progress: (UInt64, UInt64) -> Void) throws(IndexError) {
    do throws(StorageError) {
      try container.verify(progress: progress)
    } catch {
      throw IndexError(error)
    }
  }
}

extension IndexError {
  init(_ error: StorageError) {
    self.init(.file(path: error.path, offset: error.offset), error.description)
  }
}
