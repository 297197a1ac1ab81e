internal import Foundation

/// The types of tensors that widen to float32 without loss.
enum FloatType: String {
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"

  /// Reads little-endian numbers of this type.
  func widen(_ data: Data) -> [Float] {
    unsafe data.withUnsafeBytes { bytes in
      switch self {
      case .float32:
        (0..<bytes.count / 4).map {
          Float(
            bitPattern: UInt32(
              littleEndian: unsafe bytes.loadUnaligned(
                fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      case .bfloat16:
        unsafe Self.halves(bytes) { Float(bitPattern: UInt32($0) << 16) }
      case .float16:
        unsafe Self.halves(bytes, Self.float)
      }
    }
  }

  private static func halves(
    _ bytes: UnsafeRawBufferPointer, _ widen: (UInt16) -> Float
  ) -> [Float] {
    (0..<bytes.count / 2).map {
      widen(
        UInt16(
          littleEndian: unsafe bytes.loadUnaligned(
            fromByteOffset: 2 * $0, as: UInt16.self)))
    }
  }

  /// The value of a float16, whatever the platform's own support for it.
  ///
  /// Exponent and significand shifted to where float32 has them are 2^112 too small, subnormal
  /// numbers included; only infinities and NaN need the exponent of all ones.
  static func float(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let magnitude = UInt32(half & 0x7fff) << 13
    guard half & 0x7c00 != 0x7c00 else { return Float(bitPattern: sign | 0x7f80_0000 | magnitude) }
    return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
  }
}
