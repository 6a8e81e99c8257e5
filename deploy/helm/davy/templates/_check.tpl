{{- /* What the schema cannot say. Every template that makes a pod includes it. */}}
{{- define "davy.check" -}}
{{- $embedded := eq .Values.storage.kind "embedded" }}
{{- if not (or .Values.access.existingSecret.name .Values.vault.enabled) }}
{{- fail "access.existingSecret.name: expected the name of a Secret with tokens.yaml (or vault.enabled), got none. Davy does not listen beyond loopback without tokens; values.yaml says how to make them." }}
{{- end }}
{{- if and .Values.vault.enabled (not .Values.access.existingSecret.name) (not .Values.vault.tokens.path) }}
{{- fail "vault.tokens.path: expected the path of a secret with the tokens, got none" }}
{{- end }}
{{- if $embedded }}
{{- if gt (include "davy.replicas" . | int) 1 }}
{{- fail (printf "replicas: expected 1 with storage.kind embedded, got %s. Two processes cannot open one ClickHouse; for more use storage.kind server." (include "davy.replicas" .)) }}
{{- end }}
{{- if include "davy.isScaled" . }}
{{- fail "autoscaling and keda: expected neither with storage.kind embedded; for more than one replica use storage.kind server" }}
{{- end }}
{{- if not .Values.storage.persistence.enabled }}
{{- fail "storage.persistence.enabled: expected true with storage.kind embedded: without a volume all data goes with the pod" }}
{{- end }}
{{- if or .Values.storage.url .Values.storage.existingSecret.name }}
{{- fail "storage.url and storage.existingSecret: expected none with storage.kind embedded; did you mean storage.kind server?" }}
{{- end }}
{{- else }}
{{- $given := 0 }}
{{- if .Values.storage.url }}{{ $given = add1 $given }}{{ end }}
{{- if .Values.storage.existingSecret.name }}{{ $given = add1 $given }}{{ end }}
{{- if and .Values.vault.enabled .Values.vault.storageUrl.path }}{{ $given = add1 $given }}{{ end }}
{{- if ne (int $given) 1 }}
{{- fail (printf "storage: expected one of url, existingSecret.name and vault.storageUrl.path with kind server, got %d" (int $given)) }}
{{- end }}
{{- if contains "@" .Values.storage.url }}
{{- fail "storage.url: expected no user and password, since values are no place for secrets; put the whole URL into a Secret and name it in storage.existingSecret" }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- fail "autoscaling.enabled and keda.enabled: expected one of them, got both" }}
{{- end }}
{{- range $key := list "autoscaling" "keda" }}
{{- with index $.Values $key }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
{{- fail (printf "%s.maxReplicas: expected at least minReplicas (%d), got %d" $key (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.monitoring.serviceMonitor.enabled (not .Values.monitoring.serviceMonitor.tokenSecret.name) }}
{{- fail "monitoring.serviceMonitor.tokenSecret.name: expected a Secret with a token of the role viewer, got none: /metrics answers nobody without" }}
{{- end }}
{{- range $key, $files := dict "prometheusRule" "files/alerts/*.yml" "dashboards" "files/dashboards/*.json" }}
{{- if and (index $.Values.monitoring $key).enabled (not ($.Files.Glob $files)) }}
{{- fail (printf "monitoring.%s.enabled: expected %s in the chart, got none. In the repository they are symbolic links, which what fetched the chart left out, as Flux does; take the packaged chart (an OCI registry, or helm package)." $key $files) }}
{{- end }}
{{- end }}
{{- $drainMs := dig "DAVY_DRAIN_MS" (dig "drainMs" 0 (.Values.config | default dict)) (.Values.env | default dict) }}
{{- $stop := add .Values.preStopSleepSeconds (div (add (int $drainMs) 999) 1000) 26 }}
{{- if lt (int .Values.terminationGracePeriodSeconds) (int $stop) }}
{{- fail (printf "terminationGracePeriodSeconds: expected at least %d, which is preStopSleepSeconds, drainMs, and 26 seconds in which Davy stores and delivers what it has, got %d" (int $stop) (int .Values.terminationGracePeriodSeconds)) }}
{{- end }}
{{- include "davy.checkEnv" . }}
{{- end }}

{{- /* Nothing may be said twice: Kubernetes keeps one of two variables, and Davy takes a variable before the key of its file. */}}
{{- define "davy.checkEnv" -}}
{{- $help := "expected none: the chart sets it, by host, allowedHosts, allowedOrigins, publicUrl, storage, access, config or templates, and ports stay where Service and probes look for them" }}
{{- $own := list "DAVY_PORT" "DAVY_OTLP_HTTP_PORT" "DAVY_OTLP_GRPC_PORT" }}
{{- /* Davy takes one of X and X_FILE. */}}
{{- range include "davy.ownEnv" . | fromYamlArray }}{{ $own = append $own (trimSuffix "_FILE" .name) }}{{ end }}
{{- range $key, $_ := .Values.config }}
{{- if has (printf "DAVY_%s" (snakecase $key | upper) | trimSuffix "_FILE") $own }}{{ fail (printf "config.%s: %s" $key $help) }}{{ end }}
{{- end }}
{{- range $name, $_ := .Values.env }}
{{- if has (trimSuffix "_FILE" $name) $own }}{{ fail (printf "env.%s: %s" $name $help) }}{{ end }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has (trimSuffix "_FILE" .name) $own }}{{ fail (printf "extraEnv: %s: %s" .name $help) }}{{ end }}
{{- if hasKey $.Values.env .name }}{{ fail (printf "extraEnv: %s: expected another name than those of env" .name) }}{{ end }}
{{- end }}
{{- end }}
