{{/* What the certificates are for, and the host of each. */}}
{{- define "dra-extender.hosts" -}}
{{- $name := include "dra-extender.name" . }}
{{- if eq .Values.mode "extender" }}
scheduler: kube-scheduler
verbs: {{ $name }}.{{ .Release.Namespace }}.svc
{{- end }}
{{- if include "dra-extender.serves-webhook" . }}
webhook: {{ $name }}-webhook.{{ .Release.Namespace }}.svc
{{- end }}
{{- end -}}

{{/* Whether a CronJob renews them: empty for no. */}}
{{- define "dra-extender.renews" -}}
{{- with .Values.certificates -}}
{{- if and (eq .source "generated") .schedule (include "dra-extender.hosts" $ | fromYaml) -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The certificates that Helm makes: .Values.made, by what they are for, so that one rendering makes them once. An
authority that exists signs again, so that what trusts it goes on; a certificate of which less than a third is left
is made anew. One without a date is of an older chart, and stays.
*/}}
{{- define "dra-extender.make-certificates" -}}
{{- if not (hasKey .Values "made") -}}
{{- $name := include "dra-extender.name" . -}}
{{- $for := include "dra-extender.hosts" . | fromYaml -}}
{{- $made := dict -}}
{{- if $for -}}
{{- $stored := lookup "v1" "Secret" .Release.Namespace (printf "%s-authority" $name) -}}
{{- $authority := dict -}}
{{- if $stored -}}
{{- $authority = buildCustomCert (index $stored.data "tls.crt") (index $stored.data "tls.key") -}}
{{- else -}}
{{- $authority = genCA (printf "%s-authority" $name) 3650 -}}
{{- end -}}
{{- $signer := $authority.Cert | b64enc -}}
{{- $_ := set $made "authority" (dict "data" (dict "tls.crt" $signer "tls.key" ($authority.Key | b64enc))) -}}
{{- $days := int .Values.certificates.days -}}
{{- $from := now | dateModify (printf "+%dh" (mul 16 $days)) | date "2006-01-02" -}}
{{- range $which, $host := $for -}}
{{- $old := lookup "v1" "Secret" $.Release.Namespace (printf "%s-%s" $name $which) -}}
{{- $date := dig "metadata" "annotations" "dra-extender.io/renew-from" "" $old -}}
{{- if and $old (or (not $date) (lt (now | date "2006-01-02") $date)) -}}
{{- $_ := set $made $which (dict "data" $old.data "from" $date) -}}
{{- else -}}
{{- $pem := genSignedCert $host nil (list $host) $days $authority -}}
{{- $data := dict "tls.crt" ($pem.Cert | b64enc) "tls.key" ($pem.Key | b64enc) "ca.crt" $signer -}}
{{- $_ := set $made $which (dict "data" $data "from" $from) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set .Values "made" $made -}}
{{- end -}}
{{- end -}}

{{/* Who issued the webhook's certificate, as PEM in base64; empty where cert-manager says it. */}}
{{- define "dra-extender.webhook-issuer" -}}
{{- if eq .Values.certificates.source "generated" -}}
{{- include "dra-extender.make-certificates" . -}}
{{- $data := .Values.made.webhook.data -}}
{{ default (index $data "tls.crt") (index $data "ca.crt") }}
{{- else -}}
{{ .Values.certificates.webhookCaBundle }}
{{- end -}}
{{- end -}}

{{/* Lets cert-manager write the issuer. */}}
{{- define "dra-extender.inject" -}}
{{- if eq .Values.certificates.source "cert-manager" -}}
annotations:
  cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/{{ include "dra-extender.name" . }}-webhook
{{- end -}}
{{- end -}}

{{/* How the API server reaches a path of the webhook: (list CONTEXT PATH). */}}
{{- define "dra-extender.webhook-client" -}}
{{- $context := index . 0 -}}
{{- with include "dra-extender.webhook-issuer" $context -}}
caBundle: {{ . }}
{{ end -}}
service:
  name: {{ include "dra-extender.name" $context }}-webhook
  namespace: {{ $context.Release.Namespace }}
  path: {{ index . 1 }}
  port: 443
{{- end -}}
