package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	resourceapi "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

// profile is the default profile with its plugins at hand, on a cluster that can be swapped.
type profile struct {
	framework framework.Framework
	plugins   map[string]Plugin
	lister    *swappable
	informers informers.SharedInformerFactory
	classes   map[string]*resourceapi.DeviceClass
}

// swappable hands out the snapshot of the request that is being answered.
type swappable struct{ SharedLister }

var profiles = map[string]*profile{}

// profileFor builds a profile once per scoring strategy of NodeResourcesFit (nil: the default).
func profileFor(strategy json.RawMessage) (*profile, error) {
	key := string(strategy)
	if known, ok := profiles[key]; ok {
		return known, nil
	}
	made, err := newProfile(strategy)
	if err == nil {
		profiles[key] = made
	}
	return made, err
}

func newProfile(strategy json.RawMessage) (*profile, error) {
	metrics.Register()
	ctx := context.Background()
	defaults, err := latest.Default()
	if err != nil {
		return nil, err
	}
	wanted := &defaults.Profiles[0]
	// It neither filters nor scores, and cannot be made without a manager of preemptions from 1.38 on.
	every := &wanted.Plugins.MultiPoint
	every.Enabled = slices.DeleteFunc(every.Enabled, func(each config.Plugin) bool {
		return each.Name == names.DefaultPreemption
	})
	if len(strategy) > 0 {
		if err := setStrategy(wanted, strategy); err != nil {
			return nil, err
		}
	}
	// Never started: the objects of a request are put into the stores directly.
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		return nil, err
	}
	made := &profile{
		plugins:   map[string]Plugin{},
		lister:    &swappable{},
		informers: informers.NewSharedInformerFactory(client, 0),
		classes:   map[string]*resourceapi.DeviceClass{},
	}
	registry := frameworkruntime.Registry{}
	for name, factory := range plugins.NewInTreeRegistry() {
		registry[name] = func(ctx context.Context, args runtime.Object, handle Handle) (Plugin, error) {
			plugin, err := factory(ctx, args, handle)
			made.plugins[name] = plugin
			return plugin, err
		}
	}
	options := []frameworkruntime.Option{
		frameworkruntime.WithInformerFactory(made.informers),
		frameworkruntime.WithClientSet(client),
		frameworkruntime.WithSnapshotSharedLister(made.lister),
		frameworkruntime.WithSharedDRAManager(draManager(made)),
		frameworkruntime.WithMetricsRecorder(metrics.NewMetricsAsyncRecorder(1000, time.Hour, ctx.Done())),
	}
	made.framework, err = frameworkruntime.NewFramework(ctx, registry, wanted, options...)
	return made, err
}

func setStrategy(wanted *config.KubeSchedulerProfile, strategy json.RawMessage) error {
	for _, each := range wanted.PluginConfig {
		if args, ok := each.Args.(*config.NodeResourcesFitArgs); ok {
			args.ScoringStrategy = &config.ScoringStrategy{}
			return json.Unmarshal(strategy, args.ScoringStrategy)
		}
	}
	return fmt.Errorf("no arguments of NodeResourcesFit")
}

// fill replaces the objects of one kind in the store that listers read.
func fill[T any](indexer cache.Indexer, objects []T) error {
	items := make([]any, len(objects))
	for i := range objects {
		items[i] = &objects[i]
	}
	return indexer.Replace(items, "")
}

func (p *profile) see(wanted *request) error {
	core, apps := p.informers.Core().V1(), p.informers.Apps().V1()
	if err := fill(core.Namespaces().Informer().GetIndexer(), wanted.Namespaces); err != nil {
		return err
	}
	if err := fill(core.Services().Informer().GetIndexer(), wanted.Services); err != nil {
		return err
	}
	if err := fill(apps.ReplicaSets().Informer().GetIndexer(), wanted.ReplicaSets); err != nil {
		return err
	}
	clear(p.classes)
	for i := range wanted.Classes {
		class := &wanted.Classes[i]
		p.classes[resourceapi.ResourceDeviceClassPrefix+class.Name] = class
		if class.Spec.ExtendedResourceName != nil {
			p.classes[*class.Spec.ExtendedResourceName] = class
		}
	}
	pods := make([]*v1.Pod, len(wanted.Pods))
	for i := range wanted.Pods {
		pods[i] = &wanted.Pods[i]
	}
	nodes := make([]*v1.Node, len(wanted.Nodes))
	for i := range wanted.Nodes {
		nodes[i] = &wanted.Nodes[i]
	}
	p.lister.SharedLister = newSnapshot(pods, nodes)
	return nil
}

func statusOf(status *fwk.Status) answer {
	if status.IsSuccess() {
		return nil
	}
	return answer{"code": status.Code().String(), "reasons": status.Reasons()}
}
