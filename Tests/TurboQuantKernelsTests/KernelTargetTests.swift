import Foundation
import Testing

@testable import TurboQuant
@testable import TurboQuantKernels

@Suite struct KernelTargetTests {
  /// CI runs the suite once for each target; this proves that the forced one is the one that runs.
  @Test func forcedTargetTookEffect() throws {
    let forced = ProcessInfo.processInfo.environment["TQ_TARGET"]
    switch KernelTarget.chosen {
    case .success(let target):
      #expect(target.name == forced ?? KernelTarget.available.last?.name)
      #expect(try Kernels.chosen().target == target)
      print("kernel target: \(target.name), forced: \(forced ?? "no")")
    case .failure(let error):
      Issue.record("TQ_TARGET=\(error.name) is not one of \(error.available)")
    }
  }

  @Test func aGridNamesTheSameIndexAsCounting() throws {
    for bits in 1...8 {
      let boundaries = TestFloats.boundaries(bits: bits)
      let grid = try #require(LookupGrid(boundaries: boundaries))
      let below = boundaries.map(\.nextDown)
      let above = boundaries.map(\.nextUp)
      for y: Float in below + boundaries + above + [-5, 0, 5] {
        let position = y * grid.scale + grid.offset
        let cell = Int(min(max(position, 0), Float(grid.bases.count - 1)))
        let index = Int(grid.bases[cell]) + (y >= grid.boundaries[cell] ? 1 : 0)
        #expect(index == boundaries.count { $0 <= y })
      }
    }
  }

  @Test func coincidingBoundariesHaveNoGrid() {
    #expect(LookupGrid(boundaries: [0, 0.5, 0.5]) == nil)
    #expect(LookupGrid(boundaries: [0, 1e-9, 1]) == nil)
  }
}
