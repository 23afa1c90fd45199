import{a as r,b as o}from"./chunk-EMI3L6IF.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{r as RailroadAbnfModule,o as createRailroadAbnfServices};
