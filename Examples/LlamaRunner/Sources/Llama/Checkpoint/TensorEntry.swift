internal import Foundation

/// What the header says about one tensor.
struct TensorEntry: Sendable {
  let dtype: String
  let shape: [Int]
  /// The tensor's bytes, counted from the end of the header.
  let offsets: Range<Int>

  /// The types of the format and the bytes of an element.
  private static let elementSizes = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8,
  ]

  /// Reads a header.
  static func parse(_ header: Data, file: String) throws -> [String: TensorEntry] {
    let raw: [String: HeaderValue]
    do {
      raw = try JSONDecoder().decode([String: HeaderValue].self, from: header)
    } catch {
      throw CheckpointError(
        .damaged, file, "header is not JSON of dtype, shape and data_offsets for each tensor")
    }
    var entries: [String: TensorEntry] = [:]
    for (name, value) in raw where name != "__metadata__" {
      entries[name] = try TensorEntry(value, name: name, file: file)
    }
    return entries
  }

  private init(_ value: HeaderValue, name: String, file: String) throws {
    func damaged(_ reason: String) -> CheckpointError {
      CheckpointError(.damaged, file, "tensor \(name) \(reason)")
    }
    guard let dtype = value.dtype, let shape = value.shape, let offsets = value.data_offsets else {
      throw damaged("lacks dtype, shape or data_offsets")
    }
    guard let size = Self.elementSizes[dtype] else {
      throw damaged("has type \(dtype), expected one of the format's")
    }
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw damaged("has data_offsets \(offsets), expected a start and an end no less")
    }
    var expected = size
    for extent in shape {
      let (product, overflow) = expected.multipliedReportingOverflow(by: extent)
      guard extent >= 0 && !overflow else {
        throw damaged("has shape \(shape), expected extents whose product can be counted")
      }
      expected = product
    }
    guard offsets[1] - offsets[0] == expected else {
      throw damaged(
        "has data_offsets \(offsets), expected \(expected) bytes for \(dtype) of shape \(shape)")
    }
    self.dtype = dtype
    self.shape = shape
    self.offsets = offsets[0]..<offsets[1]
  }

  /// Checks that the tensors fill the bytes after the header, without holes or overlaps.
  static func checkLayout(
    _ entries: [String: TensorEntry], byteCount: Int, file: String
  ) throws {
    var end = 0
    let inOrder = entries.sorted {
      let (a, b) = ($0.value.offsets, $1.value.offsets)
      return (a.lowerBound, a.upperBound, $0.key) < (b.lowerBound, b.upperBound, $1.key)
    }
    for (name, entry) in inOrder {
      guard entry.offsets.lowerBound == end else {
        throw CheckpointError(
          .damaged, file,
          "tensor \(name) starts at byte \(entry.offsets.lowerBound), expected \(end)")
      }
      end = entry.offsets.upperBound
    }
    guard end == byteCount else {
      throw CheckpointError(
        .damaged, file, "holds \(byteCount) bytes of tensors, expected \(end)")
    }
  }
}

/// A value of the header: a tensor, or the metadata, whose keys are others.
private struct HeaderValue: Decodable {
  let dtype: String?
  let shape: [Int]?
  let data_offsets: [Int]?  // swift-format-ignore: AlwaysUseLowerCamelCase
}
