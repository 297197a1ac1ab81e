internal import Foundation

/// The tensor types that can be widened to float32 without loss.
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

  /// The value of a float16, independent of the platform's support for float16.
  ///
  /// Exponent and significand are shifted to their places in float32. The result is 2^112 times too
  /// small, also for subnormal numbers. Only infinities and NaN need an exponent of all ones.
  static func float(_ half: UInt16) -> Float {
    let sign = UInt32(half & 0x8000) << 16
    let magnitude = UInt32(half & 0x7fff) << 13
    guard half & 0x7c00 != 0x7c00 else { return Float(bitPattern: sign | 0x7f80_0000 | magnitude) }
    return Float(bitPattern: sign | (Float(bitPattern: magnitude) * 0x1p112).bitPattern)
  }
}
