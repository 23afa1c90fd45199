{{/* config.yaml of this chart, or the whole of what the values give instead. */}}
{{- define "diglot.config" -}}
{{- .Values.config | default (tpl (.Files.Get "config.yaml") .) -}}
{{- end -}}

{{/* With kustomize: true the name alone, as kustomize puts in the registry and the tag. */}}
{{- define "diglot.image" -}}
{{- if .Values.kustomize -}}
diglot
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* Pods start anew when the config changes; kustomize gives each config a name of its own instead. */}}
{{- define "diglot.annotations" -}}
{{- if not .Values.kustomize -}}
annotations: {checksum/config: {{ include "diglot.config" . | sha256sum }}}
{{- end -}}
{{- end -}}
