import{a as e,b as o}from"./chunk-QRZESN22.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{e as EventModelingModule,o as createEventModelingServices};
