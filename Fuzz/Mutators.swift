// Checksums and lengths reject blind changes at once. These mutators make them match again. So the code
// behind the checks is reached, and every input is a file that other readers can read too.

import Foundation
import TurboQuantKernels

@testable import TurboQuant
@testable import TurboQuantFiles
@testable import TurboQuantStorage

/// Changes a container: its raw bytes, its header and table with checksums, or one section.
func mutateContainer(_ mutation: Mutation) -> [UInt8] {
  switch mutation.seed % 4 {
  case 0: mutation.changed(mutation.input)
  case 1: withChecksums(mutation.changed(mutation.input))
  default: withChangedSection(mutation) ?? withChecksums(mutation.changed(mutation.input))
  }
}

/// Rewrites the container with one section changed; nil if the input is not a container.
private func withChangedSection(_ mutation: Mutation) -> [UInt8]? {
  do throws(StorageError) {
    let old = try ContainerReader(file(mutation.input, "old"))
    guard !old.sections.isEmpty else { return nil }
    var sections: [(name: String, bytes: [UInt8])] = []
    for section in old.sections {
      let span = try old.bytes(of: section.name)
      sections.append((section.name, span.byteArray(0..<span.byteCount)))
    }
    let chosen = Int(mutation.seed / 4) % sections.count
    sections[chosen].bytes = mutation.changed(sections[chosen].bytes)
    if mutation.seed % 3 != 0 { complete(&sections) }
    let path = file([], "new")
    var writer = try ContainerWriter(path, kind: old.kind, sectionCount: sections.count)
    for section in sections { try writer.writeSection(section.name, section.bytes.span.raw) }
    try writer.finish()
    return FileManager.default.contents(atPath: path).map { [UInt8]($0) }
  } catch {
    return nil
  }
}

/// Gives the sections of a `.tqv` file a valid codec record and whole rows of that codec.
private func complete(_ sections: inout [(name: String, bytes: [UInt8])]) {
  guard let codec = sections.firstIndex(where: { $0.name == CodeFileFormat.codec }),
    let rows = sections.firstIndex(where: { $0.name == CodeFileFormat.rows })
  else { return }
  let record = completed(sections[codec].bytes)
  guard record.count >= CodecRecord.fixedByteCount else { return }
  let size = Int(record.span.raw.integer(at: 36, as: UInt32.self))
  sections[codec].bytes = record
  if size > 0 { sections[rows].bytes.removeLast(sections[rows].bytes.count % size) }
}

/// Corrects every length and checksum of a container that can be found.
private func withChecksums(_ input: [UInt8]) -> [UInt8] {
  var file = input
  func number(_ offset: Int) -> Int { Int(clamping: file.span.raw.integer(at: offset) as UInt64) }
  func set(_ value: some FixedWidthInteger, at offset: Int) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
  func checksum(_ start: Int, _ count: Int) -> UInt32? {
    guard start >= 0, count >= 0, start <= file.count, count <= file.count - start else {
      return nil
    }
    return crc32c(file.span.raw.extracting(start..<start + count))
  }
  guard file.count >= ContainerFormat.headerByteCount else { return file }
  let count = number(24) & 0xFFFF_FFFF
  let tableEnd = ContainerFormat.tableEnd(sectionCount: min(count, 64))
  guard tableEnd <= file.count else { return file }
  for entry in stride(from: 64, to: tableEnd, by: ContainerFormat.entryByteCount) {
    // Inputs are shorter than a chunk, so a section has at most one checksum.
    let sums = number(entry + 32)
    if let sum = checksum(number(entry + 16), number(entry + 24)), number(entry + 24) > 0,
      checksum(sums, 4) != nil
    {
      set(sum, at: sums)
    }
    if let sum = checksum(sums, number(entry + 24) > 0 ? 4 : 0) { set(sum, at: entry + 44) }
  }
  set(UInt64(file.count), at: 16)
  set(checksum(64, tableEnd - 64) ?? 0, at: 28)
  set(checksum(0, 60) ?? 0, at: 60)
  return file
}

/// Changes a codec record; one in three is then completed.
func mutateRecord(_ mutation: Mutation) -> [UInt8] {
  let record = mutation.changed(mutation.input)
  return mutation.seed % 3 == 0 ? completed(record) : record
}

/// The record, including codebooks, of the codec with the parameters in `bytes`.
///
/// Parameters out of range are moved into range, to codecs of few dimensions. If no codec has the
/// parameters even then, `bytes` stay as they are.
private func completed(_ bytes: [UInt8]) -> [UInt8] {
  let record = bytes.span.raw
  guard bytes.count >= CodecRecord.fixedByteCount else { return bytes }
  let sketch = SketchKind(rawValue: record.byte(at: 29)) ?? .structured
  let directions = max(1, Int(record.byte(at: 32)))
  let quantizer: Quantizer =
    switch record.byte(at: 25) % 4 {
    case 1: .scalar
    case 2: .twoStage(sketch: sketch, directions: directions)
    case 0: .polar(bits: CodecRecord.polarBits(record))
    default: .qjl(sketch: sketch, directions: directions)
    }
  let codec = try? Codec(
    dimension: max(1, Int(record.byte(at: 20)) % 97),
    rate: Rate(halfBits: Int(record.byte(at: 26)) % 20), quantizer: quantizer,
    rotation: RotationKind(rawValue: record.byte(at: 27)),
    normalization: Normalization(rawValue: record.byte(at: 24)) ?? .norm,
    seed: record.integer(at: 40, as: UInt64.self))
  return codec?.record ?? bytes
}

/// Changes a `.npy` file; one in two is made as long as its header says.
func mutateNpy(_ mutation: Mutation) -> [UInt8] {
  let bytes = mutation.changed(mutation.input)
  guard mutation.seed % 2 == 0, let layout = try? FileLayout(npy: bytes.span.raw, path: ""),
    layout.fileByteCount <= 4096
  else { return bytes }
  let missing = max(0, Int(layout.fileByteCount) - bytes.count)
  return bytes.prefix(Int(layout.fileByteCount)) + [UInt8](repeating: 1, count: missing)
}
