import { html } from "../vendor.js"; export const Dashboard = () => html`<p>…</p>`; export const DashboardView = Dashboard;
