/// Names a file's format by its first six bytes, for an error message.
///
/// Returns `nil` unless vectors often come in that format.
package func nameOfFormat(beginning bytes: [UInt8]) -> String? {
  knownFormats.first { bytes.starts(with: $0.magic) }?.name
}

private let knownFormats: [(magic: [UInt8], name: String)] = [
  (
    Array(ContainerFormat.magic.prefix(6)),
    "a TurboQuant file of codes, an index, a cache or a calibration"
  ),
  ([0x93] + Array("NUMPY".utf8), "an array in a .npy file"),
  (Array("PK\u{3}\u{4}".utf8), "a zip archive, as .npz and .pt files are"),
  (Array("PAR1".utf8), "a Parquet file"),
  (Array("ARROW1".utf8), "an Arrow file"),
  ([0x89] + Array("HDF\r\n".utf8), "an HDF5 file"),
  ([0x1F, 0x8B], "compressed by gzip"),
  ([0x80, 2], "a Python pickle"), ([0x80, 3], "a Python pickle"), ([0x80, 4], "a Python pickle"),
  ([0x80, 5], "a Python pickle"),
]

/// What a container of a kind holds, for an error message.
func contentOfContainer(kind: String) -> String {
  switch kind {
  case "VECS": "codes of vectors (.tqv)"
  case "INDX": "an index (.tqi)"
  case "KVCH": "a snapshot of a cache (.tqkv)"
  case "KVEQ": "a calibration of caches (.tqeq)"
  default: "what is called \"\(singleLine(kind))\""
  }
}
