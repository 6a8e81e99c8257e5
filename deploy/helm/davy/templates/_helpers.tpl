{{- define "davy.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "davy.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "davy.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "davy.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "davy.selectorLabels" -}}
app.kubernetes.io/name: {{ include "davy.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "davy.labels" -}}
{{ include "davy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "davy.image" -}}
{{- $tag := .Values.image.tag | default (printf "%s%s" .Chart.AppVersion (ternary "-embedded" "" (eq .Values.storage.kind "embedded"))) }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository $tag }}
{{- end }}
{{- end }}

{{- define "davy.replicas" -}}
{{- if kindIs "invalid" .Values.replicas }}
{{- ternary 1 2 (eq .Values.storage.kind "embedded") }}
{{- else }}
{{- .Values.replicas | int }}
{{- end }}
{{- end }}

{{- define "davy.isScaled" -}}
{{- if or .Values.autoscaling.enabled .Values.keda.enabled }}true{{ end }}
{{- end }}

{{- define "davy.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "davy.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* StatefulSet where a pod has a volume of its own, else Deployment. */}}
{{- define "davy.workloadKind" -}}
{{- ternary "StatefulSet" "Deployment" .Values.storage.persistence.enabled }}
{{- end }}

{{- /* The configuration file and the templates: of the release, or a copy that lives as long as the hook. */}}
{{- define "davy.configData" -}}
{{- if .Values.config }}
davy.yaml: |
  {{- toYaml .Values.config | nindent 2 }}
{{- end }}
{{- range $name, $template := .Values.templates }}
template-{{ $name }}: |
  {{- toYaml $template | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The names of the Service; the namespace is the pod's own, whoever renames it after Helm. */}}
{{- define "davy.hosts" -}}
{{- $name := include "davy.fullname" . }}
{{- $hosts := list $name (printf "%s.$(POD_NAMESPACE)" $name) (printf "%s.$(POD_NAMESPACE).svc" $name) (printf "%s.$(POD_NAMESPACE).svc.cluster.local" $name) }}
{{- /* Davy takes no wildcard: of an ingress that has one, only names in allowedHosts and publicUrl get through. */}}
{{- range .Values.ingress.hosts }}{{ if not (hasPrefix "*" .host) }}{{ $hosts = append $hosts .host }}{{ end }}{{ end }}
{{- join "," (concat $hosts .Values.allowedHosts | uniq) }}
{{- end }}

{{- /* Variables that the chart sets itself. */}}
{{- define "davy.ownEnv" -}}
- name: DAVY_HOST
  value: {{ .Values.host | quote }}
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: DAVY_ALLOWED_HOSTS
  value: {{ include "davy.hosts" . | quote }}
{{- if .Values.config }}
- name: DAVY_CONFIG
  value: /etc/davy/config/davy.yaml
{{- end }}
{{- if .Values.templates }}
- name: DAVY_TEMPLATES_DIRECTORY
  value: /etc/davy/templates
{{- end }}
- name: DAVY_TOKENS_FILE
  value: {{ ternary (printf "/etc/davy/tokens/%s" .Values.access.existingSecret.key) "/vault/secrets/tokens.yaml" (not (empty .Values.access.existingSecret.name)) }}
{{- if eq .Values.storage.kind "embedded" }}
- name: DAVY_STORAGE_URL
  value: chdb:/var/lib/davy/data
{{- else if .Values.storage.url }}
- name: DAVY_STORAGE_URL
  value: {{ .Values.storage.url | quote }}
{{- else if .Values.storage.existingSecret.name }}
- name: DAVY_STORAGE_URL_FILE
  value: /etc/davy/storage/{{ .Values.storage.existingSecret.key }}
{{- else }}
- name: DAVY_STORAGE_URL_FILE
  value: /vault/secrets/storage-url
{{- end }}
{{- with .Values.publicUrl }}
- name: DAVY_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.allowedOrigins }}
- name: DAVY_ALLOWED_ORIGINS
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}

{{- define "davy.env" -}}
{{ include "davy.ownEnv" . }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "davy.volumeMounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .Values.config }}
- { name: config, mountPath: /etc/davy/config, readOnly: true }
{{- end }}
{{- if .Values.templates }}
- { name: templates, mountPath: /etc/davy/templates, readOnly: true }
{{- end }}
{{- if .Values.access.existingSecret.name }}
- { name: tokens, mountPath: /etc/davy/tokens, readOnly: true }
{{- end }}
{{- if .Values.storage.existingSecret.name }}
- { name: storage-url, mountPath: /etc/davy/storage, readOnly: true }
{{- end }}
{{- if .Values.webhooks.existingSecret }}
- { name: webhooks, mountPath: /etc/davy/webhooks, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Called with the root and the name of the ConfigMap: (list $ "name"). */}}
{{- define "davy.volumes" -}}
{{- $root := first . }}
{{- with $root.Values }}
- name: tmp
  emptyDir: { sizeLimit: 1Gi }
{{- if .config }}
- name: config
  configMap:
    name: {{ last $ }}
    items: [{ key: davy.yaml, path: davy.yaml }]
{{- end }}
{{- if .templates }}
- name: templates
  configMap:
    name: {{ last $ }}
    items:
      {{- range $name, $_ := .templates }}
      - { key: {{ printf "template-%s" $name }}, path: {{ $name }} }
      {{- end }}
{{- end }}
{{- with .access.existingSecret }}
{{- if .name }}
- name: tokens
  secret:
    secretName: {{ .name }}
    items: [{ key: {{ .key }}, path: {{ .key }} }]
{{- end }}
{{- end }}
{{- with .storage.existingSecret }}
{{- if .name }}
- name: storage-url
  secret:
    secretName: {{ .name }}
    items: [{ key: {{ .key }}, path: {{ .key }} }]
{{- end }}
{{- end }}
{{- with .webhooks.existingSecret }}
- name: webhooks
  secret: { secretName: {{ . }} }
{{- end }}
{{- with $root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A list: the port of storage.url. Without one, that of its scheme and what a Service may map it to; where the URL is a secret, ClickHouse's own. */}}
{{- define "davy.clickhousePorts" -}}
{{- with .Values.storage.url }}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- if $port }}{{ list (int $port) | toJson }}
{{- else }}{{ ternary (list 443 8443) (list 80 8123) (eq $url.scheme "https") | toJson }}{{ end }}
{{- else -}}
[8123, 8443]
{{- end }}
{{- end }}

{{- define "davy.vaultAnnotations" -}}
{{- with .Values.vault }}
{{- if .enabled }}
vault.hashicorp.com/agent-inject: "true"
vault.hashicorp.com/role: {{ .role | quote }}
vault.hashicorp.com/agent-run-as-user: {{ $.Values.podSecurityContext.runAsUser | quote }}
vault.hashicorp.com/agent-run-as-group: {{ $.Values.podSecurityContext.runAsGroup | quote }}
{{- if and .tokens.path (not $.Values.access.existingSecret.name) }}
vault.hashicorp.com/agent-inject-secret-tokens.yaml: {{ .tokens.path | quote }}
vault.hashicorp.com/agent-inject-template-tokens.yaml: |
  {{ printf "{{- with secret %q }}{{ index .Data.data %q }}{{ end -}}" .tokens.path .tokens.key }}
{{- end }}
{{- if .storageUrl.path }}
vault.hashicorp.com/agent-inject-secret-storage-url: {{ .storageUrl.path | quote }}
vault.hashicorp.com/agent-inject-template-storage-url: |
  {{ printf "{{- with secret %q }}{{ index .Data.data %q }}{{ end -}}" .storageUrl.path .storageUrl.key }}
{{- end }}
{{- with .annotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* On which nodes, and before whom: Davy's pods and the job that migrates. */}}
{{- define "davy.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "davy.pod" -}}
metadata:
  labels:
    {{- include "davy.labels" . | nindent 4 }}
    app.kubernetes.io/component: server
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "davy.configData" . | sha256sum }}
    {{- include "davy.vaultAnnotations" . | trim | nindent 4 }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "davy.serviceAccountName" . }}
  automountServiceAccountToken: {{ .Values.vault.enabled }}
  # Variables of Services in the namespace could be taken for settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "davy.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  containers:
    - name: davy
      image: {{ include "davy.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      env:
        {{- include "davy.env" . | nindent 8 }}
      ports:
        - { name: http, containerPort: 8080, protocol: TCP }
        - { name: otlp-http, containerPort: 4318, protocol: TCP }
        - { name: otlp-grpc, containerPort: 4317, protocol: TCP }
      startupProbe:
        httpGet: { path: /livez, port: http }
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: { path: /livez, port: http }
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: { path: {{ .Values.probes.readiness.path }}, port: http }
        {{- toYaml (omit .Values.probes.readiness "path") | nindent 8 }}
      lifecycle:
        # By Kubernetes itself: the image has no shell.
        preStop:
          sleep: { seconds: {{ .Values.preStopSleepSeconds }} }
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - { name: data, mountPath: /var/lib/davy }
        {{- include "davy.volumeMounts" . | nindent 8 }}
  volumes:
    {{- include "davy.volumes" (list . (include "davy.fullname" .)) | trim | nindent 4 }}
    {{- if not .Values.storage.persistence.enabled }}
    - name: data
      emptyDir: { sizeLimit: {{ .Values.storage.ephemeralSize }} }
    {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "davy.selectorLabels" . | nindent 10 }}
          app.kubernetes.io/component: server
    {{- end }}
{{- end }}
