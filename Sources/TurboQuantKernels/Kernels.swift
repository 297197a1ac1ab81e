internal import CTurboQuantKernels

/// The kernels of one target: spans in, spans out.
///
/// Every function checks the lengths of its arguments, once per call. The headers in `CTurboQuantKernels/include`
/// specify what each computes. Kernels whose results are stored must run inside ``withStandardFloatEnvironment(_:)``.
@safe package struct Kernels: Sendable {
  package let target: KernelTarget
  // The tables are constants of the C module, never written.
  nonisolated(unsafe) let table: UnsafePointer<ctq_target>

  package init(_ target: KernelTarget) {
    self.target = target
    unsafe table = ctq_target_at(target.index)
  }

  /// The kernels of the target in use.
  package static func chosen() throws(KernelTargetError) -> Kernels {
    Kernels(try KernelTarget.chosen.get())
  }
}
