import Testing
@testable import TurboQuant

@Test func placeholder() {
  let clock = ContinuousClock()
  for d in [2,3,4,5,64,128,1536] { for b in [1,4,8] {
    var c: Codebook? = nil
    let t = clock.measure { c = Codebook(law: .sphere(dimension: d), bits: b) }
    print(d, b, c!.distortion, c!.exactCentroids.last! , t)
  }}
  let g = Codebook(law: .gaussian, bits: 8); print(g.distortion, g.exactCentroids.last!)
  print(Portable.log(2.5), Portable.exp(-3.3))
}
