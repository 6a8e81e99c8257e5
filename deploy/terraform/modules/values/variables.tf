variable "storage" {
  description = "See the module above."
  type = object({
    kind         = string
    url          = optional(string, "")
    secret       = optional(object({ name = string, key = optional(string, "storage-url") }))
    volume_size  = optional(string, "20Gi")
    volume_class = optional(string, "")
    persistence  = optional(bool)
  })

  validation {
    condition     = contains(["embedded", "server"], var.storage.kind)
    error_message = "storage.kind: expected embedded or server."
  }
  validation {
    condition     = var.storage.kind != "embedded" || (var.storage.url == "" && var.storage.secret == null)
    error_message = "storage: expected neither url nor secret with kind embedded; did you mean kind server?"
  }
  validation {
    condition     = var.storage.kind != "server" || (var.storage.url != "") != (var.storage.secret != null)
    error_message = "storage: expected one of url and secret with kind server."
  }
  validation {
    condition     = can(regex("^(https?://[^@]+)?$", var.storage.url))
    error_message = "storage.url: expected http(s)://host:port without user and password; with them put it into a Secret."
  }
  validation {
    condition     = var.storage.kind != "embedded" || coalesce(var.storage.persistence, true)
    error_message = "storage.persistence: expected true with kind embedded: without a volume all data goes with the pod."
  }
}

variable "replicas" {
  description = "See the module above."
  type        = number
  default     = null

  validation {
    condition     = var.replicas == null ? true : var.replicas >= 1 && (var.storage.kind == "server" || var.replicas == 1)
    error_message = "replicas: expected 1 with storage kind embedded, at least 1 with server."
  }
}

variable "tokens_secret" {
  description = "See the module above."
  type        = object({ name = string, key = optional(string, "tokens.yaml") })

  validation {
    condition     = var.tokens_secret.name != ""
    error_message = "tokens_secret.name: expected the name of a Secret; Davy does not listen beyond loopback without tokens."
  }
}

variable "public_url" {
  description = "See the module above."
  type        = string
  default     = ""
}

variable "allowed_hosts" {
  description = "See the module above."
  type        = list(string)
  default     = []
}

variable "config" {
  description = "See the module above."
  type        = any
  default     = {}
}

variable "image" {
  description = "See the module above."
  type        = object({ repository = optional(string), tag = optional(string), digest = optional(string) })
  default     = {}
}

variable "resources" {
  description = "See the module above."
  type        = any
  default     = null
}

variable "ingress" {
  description = "See the module above."
  type        = object({ host = string, class = optional(string, ""), tls_secret = optional(string) })
  default     = null
}

variable "autoscaling" {
  description = "See the module above."
  type        = object({ min = number, max = number, cpu_percent = optional(number, 70) })
  default     = null

  validation {
    condition     = var.autoscaling == null ? true : var.storage.kind == "server" && var.autoscaling.min >= 2 && var.autoscaling.max >= var.autoscaling.min
    error_message = "autoscaling: expected storage kind server, min of at least 2 and max of at least min."
  }
}

variable "monitoring" {
  description = "See the module above."
  type        = object({ token_secret = string, rollback_pages = optional(bool, true), labels = optional(map(string), {}) })
  default     = null
}

variable "extra_chart_value" {
  description = "See the module above."
  type        = any
  default     = {}
}
