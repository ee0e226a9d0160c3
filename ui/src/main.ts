import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { start } from './bridge';
import { jobs } from './lib/jobs.svelte';

start();
jobs.start();
mount(App, { target: document.getElementById('app') ?? document.body });
