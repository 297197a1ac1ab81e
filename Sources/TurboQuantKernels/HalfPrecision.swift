/// The bits of the IEEE binary16 nearest to `value`, ties to even; beyond its range the largest finite
/// one, since what is stored must stay a number.
///
/// By bits, because not every platform has the type.
package func halfPrecision(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
  let magnitude = bits & 0x7FFF_FFFF
  // 65,520 and more round to infinity.
  guard magnitude < 0x477F_F000 else { return sign | 0x7BFF }
  if magnitude < 0x3880_0000 {
    // Subnormal in half precision: adding 0.5 leaves the rounded multiple of 2⁻²⁴ in the low bits.
    let rounded = (Float(bitPattern: magnitude) + 0.5).bitPattern - Float(0.5).bitPattern
    return sign | UInt16(truncatingIfNeeded: rounded)
  }
  let odd = magnitude >> 13 & 1
  return sign | UInt16(truncatingIfNeeded: (magnitude + 0xFFF + odd - 0x3800_0000) >> 13)
}
