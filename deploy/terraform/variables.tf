variable "name" {
  description = "Name of the release."
  type        = string
  default     = "davy"
}

variable "namespace" {
  description = "Namespace of the release."
  type        = string
  default     = "davy"
}

variable "create_namespace" {
  description = "Whether the namespace is made with the release. The Secrets have to be in it before."
  type        = bool
  default     = false
}

variable "chart" {
  description = "The chart: a path, or oci://ghcr.io/davy-release/charts/davy with chart_version; null: the one beside this module."
  type        = string
  default     = null
}

variable "chart_version" {
  description = "Version of a chart from a registry; null for a path."
  type        = string
  default     = null
}

variable "timeout_seconds" {
  description = "How long the release may take until its pods are ready, migrations included."
  type        = number
  default     = 900
}

variable "storage" {
  description = "Embedded ClickHouse with a volume, or a server by a URL without a password or by a Secret that holds the URL."
  type = object({
    kind         = string
    url          = optional(string, "")
    secret       = optional(object({ name = string, key = optional(string, "storage-url") }))
    volume_size  = optional(string, "20Gi")
    volume_class = optional(string, "")
    persistence  = optional(bool)
  })
  default = { kind = "embedded" }
}

variable "replicas" {
  description = "Number of replicas; null: 1 with embedded storage, 2 with a server."
  type        = number
  default     = null
}

variable "tokens_secret" {
  description = "The Secret with the tokens file."
  type        = object({ name = string, key = optional(string, "tokens.yaml") })
}

variable "public_url" {
  description = "How people reach Davy, for links in messages."
  type        = string
  default     = ""
}

variable "allowed_hosts" {
  description = "Names in the Host header beside those of the Service and the ingress."
  type        = list(string)
  default     = []
}

variable "config" {
  description = "Keys of deploy/davy.yaml."
  type        = any
  default     = {}
}

variable "image" {
  description = "Image, if not the chart's."
  type        = object({ repository = optional(string), tag = optional(string), digest = optional(string) })
  default     = {}
}

variable "resources" {
  description = "Requests and limits of the container; null: the chart's."
  type        = any
  default     = null
}

variable "ingress" {
  description = "Host, class and TLS secret of an Ingress; null: none."
  type        = object({ host = string, class = optional(string, ""), tls_secret = optional(string) })
  default     = null
}

variable "autoscaling" {
  description = "Bounds of a HorizontalPodAutoscaler on processor time; null: none. Only with a server."
  type        = object({ min = number, max = number, cpu_percent = optional(number, 70) })
  default     = null
}

variable "monitoring" {
  description = "Objects of the Prometheus operator and dashboards; needs a Secret with a token of the role viewer. null: none."
  type        = object({ token_secret = string, rollback_pages = optional(bool, true), labels = optional(map(string), {}) })
  default     = null
}

variable "extra_values" {
  description = "Further values of the chart by their top-level key; they win."
  type        = any
  default     = {}
}
