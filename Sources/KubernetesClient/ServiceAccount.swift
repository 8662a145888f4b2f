// SPDX-License-Identifier: Apache-2.0

import Glibc

extension ClusterAccess {
  /// Where a pod has what it needs to ask the API server of its own cluster.
  package static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// As a pod of the cluster, by its service account.
  ///
  /// - Parameter environment: the process's variables.
  /// - Throws: where this process is in no pod, or in one without a service account.
  package static func serviceAccount(
    in folder: String = serviceAccountFolder, _ environment: [String: String]
  ) throws(ClusterAccessError) -> ClusterAccess {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT_HTTPS"]
        ?? environment["KUBERNETES_SERVICE_PORT"], let number = UInt16(port)
    else {
      throw ClusterAccessError(
        "KUBERNETES_SERVICE_HOST and _PORT are not set: this is no pod; give kubernetes.kubeconfig")
    }
    guard unsafe Glibc.access(folder + "/token", R_OK) == 0 else {
      throw ClusterAccessError(
        "\(folder)/token cannot be read; the pod needs a service account (automountServiceAccountToken)"
      )
    }
    return ClusterAccess(
      host: host, port: Int(number), authority: .file(folder + "/ca.crt"),
      credentials: .tokenFile(folder + "/token"))
  }
}
