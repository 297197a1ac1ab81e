internal import Foundation

/// The header's entry for one tensor.
struct TensorEntry: Sendable {
  let dtype: ExactText
  let shape: [Int]
  /// The tensor's bytes, counted from the end of the header.
  let offsets: Range<Int>

  /// The format's types and their bytes per element, without types smaller than a byte.
  private static let elementSizes: [ExactText: Int] = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "I16": 2, "U16": 2,
    "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "F64": 8, "I64": 8, "U64": 8, "C64": 8,
  ]

  /// Reads a header.
  static func parse(_ header: Data, file: String) throws -> [ExactText: TensorEntry] {
    let header = try JSONObject(header, file: file)
    var entries: [ExactText: TensorEntry] = [:]
    for (name, value) in header.entries.map({ ($0.name, $0.value) }) {
      if name == "__metadata__" {
        try checkMetadata(value, file: file)
      } else {
        var tensor = try JSONObject(value, path: "\(name)", file: file)
        entries[name] = try TensorEntry(&tensor, name: name)
      }
    }
    return entries
  }

  /// Checks the metadata, which may have any names, such as `shape`, but only strings as values.
  private static func checkMetadata(_ value: JSONValue, file: String) throws {
    let metadata = try JSONObject(value, path: "__metadata__", file: file)
    for entry in metadata.entries {
      guard case .string = entry.value else {
        throw metadata.damaged(
          "has \(entry.value) for \(metadata.place(entry.name)), expected a string")
      }
    }
  }

  private init(_ tensor: inout JSONObject, name: ExactText) throws {
    let file = tensor.file
    func damaged(_ reason: String) -> CheckpointError {
      CheckpointError(.damaged, file, "tensor \(name) \(reason)")
    }
    dtype = try tensor.required("dtype")
    shape = try tensor.required("shape")
    let offsets: [Int] = try tensor.required("data_offsets")
    try tensor.refuseUnread()
    guard let size = Self.elementSizes[dtype] else {
      throw damaged("has type \(dtype), expected one of the format's of a byte and more")
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
    self.offsets = offsets[0]..<offsets[1]
  }

  /// Checks that the tensors fill the bytes after the header, without holes or overlaps.
  static func checkLayout(
    _ entries: [ExactText: TensorEntry], byteCount: Int, file: String
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
