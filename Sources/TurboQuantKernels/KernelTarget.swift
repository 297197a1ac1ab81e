internal import CTurboQuantKernels

/// One instruction-set build of all kernels.
///
/// The best target that the machine can run is chosen once. The environment variable `TQ_TARGET`
/// forces another one, for tests and for finding a difference between machines.
package struct KernelTarget: Sendable, Equatable {
  package let name: String
  let index: Int

  /// Every target of this build that the machine can run, best last.
  package static let available: [KernelTarget] = (0..<ctq_target_count()).compactMap { index in
    let target = unsafe ctq_target_at(index).pointee
    guard unsafe target.is_available() != 0 else { return nil }
    return unsafe KernelTarget(name: String(cString: target.name), index: index)
  }

  /// The target in use, or why the one that `TQ_TARGET` names cannot be.
  package static let chosen: Result<KernelTarget, KernelTargetError> = {
    guard let wanted = unsafe ctq_forced_target_name() else {
      // The scalar target is always available.
      return .success(available.last ?? KernelTarget(name: "scalar", index: 0))
    }
    let name = unsafe String(cString: wanted)
    if let target = available.first(where: { $0.name == name }) { return .success(target) }
    return .failure(KernelTargetError(name: name, available: available.map { $0.name }))
  }()
}

/// `TQ_TARGET` names a target that this machine or this build lacks.
package struct KernelTargetError: Error, Equatable {
  package let name: String
  package let available: [String]
}
